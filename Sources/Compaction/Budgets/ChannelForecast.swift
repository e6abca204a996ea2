import Recipes

/// What a ``ChannelTable`` lets one expect of a model in which several groups are cut.
///
/// **Cost.** A convolution takes channels in and puts channels out: half of each leave a quarter of its work. So what a part
/// of the model costs is multiplied by the share that each group alone leaves of it, and the parts are added up: exact
/// for MACs, parameters and bytes, near for milliseconds. Steps between two measured ones lie on a straight line.
///
/// **Damage.** Relative errors of single groups add up as if they had nothing to do with each other: in squares. Of changes
/// of the top class it is the inputs that none of the groups changes that are counted.
public struct ChannelForecast: Sendable {
  /// What may be expected of a plan, or was measured.
  public struct Figures: Codable, Hashable, Sendable {
    /// What the model costs, in the table's unit.
    public var cost: Double
    /// The relative error of its outputs.
    public var error: Double
    /// The share of inputs whose top class is another one; nil for a model without classes.
    public var change: Double?

    /// Numbers.
    public init(cost: Double, error: Double, change: Double?) {
      (self.cost, self.error, self.change) = (cost, error, change)
    }

    /// What is held against ``BudgetGoal/change(_:)``.
    public var damage: Double { change ?? error }
  }

  private struct Group {
    var steps: [Int]
    /// The parts that it touches, and for each step what is left of each.
    var parts: [Int]
    var shares: [[Double]]
    var errors: [Double]
    var changes: [Double]?
  }

  /// What was measured.
  public let table: ChannelTable
  private let groups: [Group]

  /// - Parameter table: what was measured; each group with one option or more.
  public init(_ table: ChannelTable) {
    self.table = table
    groups = table.groups.map { group in
      let options = group.options.sorted { $0.removed < $1.removed }
      let parts = Set(options.flatMap(\.shares.keys)).sorted().filter { table.parts[$0] > 0 }
      func line(_ value: (ChannelTable.Option) -> Double) -> [Double] {
        group.steps.map { step in
          guard let next = options.first(where: { $0.removed >= step }) else { return options.last.map(value) ?? 0 }
          guard next.removed > step, value(next).isFinite, let last = options.last(where: { $0.removed < step }) else {
            return value(next)
          }
          let way = Double(step - last.removed) / Double(next.removed - last.removed)
          return value(last) + way * (value(next) - value(last))
        }
      }
      let lines = parts.map { part in line { $0.shares[part] ?? 1 } }
      return Group(
        steps: group.steps, parts: parts, shares: group.steps.indices.map { step in lines.map { $0[step] } },
        errors: line(\.error), changes: options.contains { $0.change == nil } ? nil : line { $0.change ?? 0 })
    }
  }

  /// For each group the number of units that go at the places of its steps.
  func removed(_ places: [Int]) -> [Int] { zip(groups, places).map { $0.steps[$1] } }

  /// The least that the model can cost, everything gone that may.
  var leastPlaces: [Int] { groups.map { $0.steps.count - 1 } }

  /// What the parts cost, all groups cut but one.
  private func parts(_ places: [Int], without left: Int? = nil) -> [Double] {
    var values = table.parts
    for (number, group) in groups.enumerated() where number != left {
      for (part, share) in zip(group.parts, group.shares[places[number]]) { values[part] *= share }
    }
    return values
  }

  func cost(_ places: [Int]) -> Double { parts(places).reduce(0, +) }

  /// What to expect of a plan: for each group the place of a step.
  func figures(_ places: [Int]) -> Figures {
    let squares = zip(groups, places).reduce(0) { $0 + $1.0.errors[$1.1] * $1.0.errors[$1.1] }
    var change: Double? = groups.allSatisfy { $0.changes != nil } ? 1 : nil
    for (group, place) in zip(groups, places) { change = change.map { $0 * (1 - (group.changes?[place] ?? 0)) } }
    return Figures(cost: cost(places), error: squares.squareRoot(), change: change.map { 1 - $0 })
  }

  /// The plan of least error whose cost is at most a target, or near it, by what is expected.
  ///
  /// Costs of groups do not add up. So each group's is taken as it is where the others are cut as in the plan before, a
  /// `BudgetSolver` chooses, and what it is told to keep is halved between bounds until the plan costs what is
  /// wanted; then the same around the new plan, until it stays.
  ///
  /// - Throws: `BudgetError` where numbers are none.
  func plan(costing target: Double, resolution: Int = 500) throws -> [Int] {
    var current = even(target)
    var best: (places: [Int], cost: Double, error: Double)?
    for _ in 0..<4 {
      let solver = try BudgetSolver(budgetTable(around: current), resolution: resolution)
      var (low, high) = (solver.reach.lowerBound, solver.reach.upperBound)
      var found: [Int]?
      for _ in 0..<8 {
        let middle = (low + high) / 2
        let places = try solver.plan(costing: middle).choices
        let cost = cost(places)
        if cost <= target * (1 + 1e-9) { (low, found) = (middle, places) } else { high = middle }
      }
      guard let found else { break }
      let figures = figures(found)
      if best.map({ figures.error < $0.error }) ?? true { best = (found, figures.cost, figures.error) }
      if found == current { break }
      current = found
    }
    let start = best?.places ?? current
    return cost(start) <= target * (1 + 1e-9) ? polished(start, target) : leastPlaces
  }

  /// A plan after all exchanges that spoil less: one group cut further and another one less, or one less alone, at a cost of
  /// at most the target.
  private func polished(_ start: [Int], _ target: Double) -> [Int] {
    var current = start
    var error = figures(current).error
    func relaxed(_ places: [Int], _ group: Int) -> [Int] {
      var places = places
      while places[group] > 0 {
        places[group] -= 1
        if cost(places) > target * (1 + 1e-9) {
          places[group] += 1
          break
        }
      }
      return places
    }
    for _ in 0..<20 {
      let before = error
      for group in groups.indices {
        for other in groups.indices where other != group || groups.count == 1 {
          for more in [0, 1, 2, 4] where current[group] + more < groups[group].steps.count {
            var places = current
            places[group] += more
            places = relaxed(places, other)
            let found = figures(places).error
            if found < error, cost(places) <= target * (1 + 1e-9) { (current, error) = (places, found) }
          }
        }
      }
      if error == before { break }
    }
    return current
  }

  /// The same share of each group, as little as costs at most the target; all that may go where nothing does.
  private func even(_ target: Double) -> [Int] {
    let most = groups.map { $0.steps.count - 1 }
    func places(_ share: Double) -> [Int] { most.map { Int((share * Double($0)).rounded()) } }
    var (low, high) = (0.0, 1.0)
    for _ in 0..<20 {
      let middle = (low + high) / 2
      if cost(places(middle)) <= target { high = middle } else { low = middle }
    }
    return places(high)
  }

  /// Costs and damages of single groups where the others are cut as in a plan.
  private func budgetTable(around places: [Int]) -> BudgetTable {
    var total = cost(places)
    let rows = groups.enumerated().map { number, group -> BudgetTable.Row in
      let values = parts(places, without: number)
      let costs = group.shares.map { shares in zip(group.parts, shares).reduce(0) { $0 + values[$1.0] * $1.1 } }
      total -= costs[places[number]]
      return BudgetTable.Row(
        name: table.groups[number].name,
        options: zip(costs, group.errors).map { .init(cost: $0, damage: $1 * $1) })
    }
    return BudgetTable(unit: table.unit, rows: rows, rest: total)
  }
}
