/// Looks for the plan that reaches a goal: by what is expected, then by what each plan turns out to be, until that is within
/// 5 % of what is wanted.
public struct ChannelSearch {
  /// A plan that was tried.
  public struct Attempt: Codable, Hashable, Sendable {
    /// For each group how many units go.
    public var removed: [Int]
    /// What was expected.
    public var predicted: ChannelForecast.Figures
    /// What came out.
    public var measured: ChannelForecast.Figures
  }

  /// What came of it.
  public struct Result: Sendable {
    /// All plans that were tried, in turn.
    public var attempts: [Attempt]
    /// The place of the best one.
    public var best: Int
    /// Whether it is within 5 % of the goal; where not, the steps of the groups are too large for that, or times vary.
    public var isMet: Bool
  }

  /// How far from the goal is near enough.
  public static let tolerance = 0.05
  private let forecast: ChannelForecast
  private let goal: BudgetGoal
  private let measure: ([Int]) throws -> ChannelForecast.Figures
  private var attempts: [Attempt] = []

  /// Searches.
  ///
  /// - Parameters:
  ///   - goal: what is wanted.
  ///   - forecast: what to expect.
  ///   - measure: makes the model in which so many units of each group go, and measures it, on held-out inputs.
  /// - Throws: ``CompactionError/budget(goal:found:)`` where the goal is out of reach, and what `measure` throws.
  public static func run(
    _ goal: BudgetGoal, _ forecast: ChannelForecast, measure: @escaping ([Int]) throws -> ChannelForecast.Figures
  ) throws -> Result {
    var search = ChannelSearch(forecast: forecast, goal: goal, measure: measure)
    switch goal {
    case .speedup(let times): return try search.approach(forecast.table.cost / times)
    case .cost(_, let count): return try search.approach(Double(count))
    case .change(let share): return try search.cheapest(changing: share)
    }
  }

  private init(
    forecast: ChannelForecast, goal: BudgetGoal, measure: @escaping ([Int]) throws -> ChannelForecast.Figures
  ) {
    (self.forecast, self.goal, self.measure) = (forecast, goal, measure)
  }

  /// Tries a plan, unless it was tried before.
  private mutating func attempt(_ places: [Int]) throws -> Attempt {
    let removed = forecast.removed(places)
    if let known = attempts.first(where: { $0.removed == removed }) { return known }
    let attempt = Attempt(removed: removed, predicted: forecast.figures(places), measured: try measure(removed))
    attempts.append(attempt)
    return attempt
  }

  /// Plans whose expected cost is moved by as much as the last one missed.
  private mutating func approach(_ target: Double) throws -> Result {
    let most = forecast.removed(forecast.leastPlaces)
    var aim = target
    var bounds = (low: 0.0, high: forecast.table.cost * 2)
    for _ in 0..<10 {
      let found = try attempt(forecast.plan(costing: aim))
      let miss = found.measured.cost / target
      if abs(miss - 1) <= Self.tolerance { break }
      if miss > 1, found.removed == most { throw outOfReach() }
      if miss > 1 { bounds.high = min(bounds.high, aim) } else { bounds.low = max(bounds.low, aim) }
      aim /= miss
      if !(aim > bounds.low && aim < bounds.high) { aim = (bounds.low + bounds.high) / 2 }
    }
    func distance(_ attempt: Attempt) -> Double { abs(attempt.measured.cost / target - 1) }
    // Of those that are near enough the one that spoils least.
    let near = attempts.indices.filter { distance(attempts[$0]) <= Self.tolerance }
    let best =
      near.min { attempts[$0].measured.error < attempts[$1].measured.error }
      ?? attempts.indices.min { distance(attempts[$0]) < distance(attempts[$1]) } ?? 0
    return Result(attempts: attempts, best: best, isMet: !near.isEmpty)
  }

  /// The cheapest plan that changes the outputs no more: expected first, then halving.
  private mutating func cheapest(changing share: Double) throws -> Result {
    var (low, high) = (forecast.cost(forecast.leastPlaces), forecast.table.cost)
    var best: Int?
    // Where the forecast says it is.
    var (dear, aim) = (low, high)
    for _ in 0..<6 {
      let middle = (dear + aim) / 2
      if try forecast.figures(forecast.plan(costing: middle)).damage <= share { aim = middle } else { dear = middle }
    }
    for _ in 0..<9 where high > low * (1 + Self.tolerance / 2) {
      let places = try forecast.plan(costing: aim)
      if forecast.removed(places).allSatisfy({ $0 == 0 }) { break }
      let found = try attempt(places)
      if found.measured.damage <= share {
        high = min(aim, forecast.cost(places))
        if best.map({ attempts[$0].measured.cost > found.measured.cost }) ?? true {
          best = attempts.firstIndex { $0.removed == found.removed }
        }
      } else {
        low = aim
      }
      aim = (low + high) / 2
    }
    guard let best else { throw outOfReach() }
    return Result(attempts: attempts, best: best, isMet: true)
  }

  private func outOfReach() -> CompactionError {
    let base = forecast.table.cost
    let found: String
    switch goal {
    case .change:
      let least = attempts.map(\.measured.damage).min()
      found = least.map { "that the least cut that was tried changes \($0)" } ?? "nothing that could go"
    case .speedup, .cost:
      let least = attempts.map(\.measured.cost).min() ?? base
      found =
        "that \(least) \(forecast.table.unit) remain of \(base) where all goes that may"
        + ", which is \(((base / least) * 1000).rounded() / 1000) times less"
    }
    return .budget(goal: "\(goal)", found: found)
  }
}
