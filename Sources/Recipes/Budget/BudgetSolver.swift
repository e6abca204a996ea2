/// Least damage for a budget: one option for each part of a model, so that all together cost at most a target.
///
/// Dynamic programming over a table of costs and damages, as in SPDY (Frantar and Alistarh 2022, "SPDY: Accurate Pruning
/// with Speedup Guarantees"). Nothing is measured here, so that weights, MACs, milliseconds and bytes are all the same.
///
/// **How exact it is.** What each option costs beyond the cheapest of its row is rounded up to steps of `1/resolution` of
/// what the target leaves beyond the cheapest choice of all. So a plan never costs more than the target by the table; and
/// it does no more damage than any choice that costs at most the target less one step for each row with a choice to
/// make, which is its ``BudgetPlan/slack``. Where costs and target are whole numbers that fit such steps, as those of small
/// models do, nothing is rounded and the slack is 0. Options that cost no less than another and do no less damage are never
/// taken, and of equal damage the cheaper plan is.
///
/// Time grows with options times resolution, memory with rows times resolution: 20 rows of 10 options take about 10 ms.
public struct BudgetSolver: Sendable {
  /// What it chooses from.
  public let table: BudgetTable
  /// Into how many steps costs are parted.
  public let resolution: Int
  /// What can be reached.
  public let reach: ClosedRange<Double>
  /// For each row its options that may be the best ones, cheapest first, so that damages fall.
  private let rows: [[(number: Int, cost: Double, damage: Double)]]

  /// Takes up a table.
  ///
  /// - Parameters:
  ///   - table: costs and damages.
  ///   - resolution: into how many steps costs are parted, 1 or more.
  /// - Throws: ``BudgetError`` for a row without options and for numbers that are none.
  public init(_ table: BudgetTable, resolution: Int = 10_000) throws(BudgetError) {
    precondition(resolution >= 1, "BudgetSolver: expected a resolution of 1 or more, found \(resolution)")
    for row in table.rows {
      guard !row.options.isEmpty else { throw .noOptions(row: row.name) }
      for (number, option) in row.options.enumerated() where !option.cost.isFinite || option.damage.isNaN {
        throw .notANumber(row: row.name, option: number, found: option)
      }
    }
    guard table.rest.isFinite, let reach = table.reach else {
      throw .notANumber(row: "the rest", option: 0, found: .init(cost: table.rest, damage: 0))
    }
    (self.table, self.resolution, self.reach) = (table, resolution, reach)
    rows = table.rows.map { row in
      let sorted = row.options.enumerated().sorted { a, b in
        (a.element.cost, a.element.damage, a.offset) < (b.element.cost, b.element.damage, b.offset)
      }
      var front: [(number: Int, cost: Double, damage: Double)] = []
      for (number, option) in sorted where front.isEmpty || option.damage < (front.last?.damage ?? 0) {
        front.append((number, option.cost, option.damage))
      }
      return front
    }
  }

  /// The choice of least damage that costs at most a target.
  ///
  /// - Parameter target: what the model may cost, in the table's unit; all that is more than the dearest choice is enough.
  /// - Throws: ``BudgetError/outOfReach(target:reach:unit:)`` where even the cheapest choice costs more.
  public func plan(costing target: Double) throws(BudgetError) -> BudgetPlan {
    guard !target.isNaN else { throw .target(target) }
    let least = reach.lowerBound
    // Sums in another order differ in their last bits.
    guard target >= least - 1e-9 * abs(least) else {
      throw .outOfReach(target: target, reach: reach, unit: table.unit)
    }
    let most = rows.reduce(table.rest) { $0 + ($1.last?.cost ?? 0) }
    // What is free is taken.
    if target >= most { return plan(rows.map { $0.count - 1 }, slack: 0) }
    // Within the hair's breadth above it may be less than nothing.
    let left = max(0, target - least)
    let (step, isExact) = step(left)
    let costs = rows.map { row in
      row.map { Self.steps($0.cost - row[0].cost, step) }
    }
    let budget = step > 0 ? Int((left / step * (1 + 1e-12)).rounded(.down)) : 0
    let choosing = rows.count { $0.count > 1 }
    return plan(solve(costs, budget), slack: isExact ? 0 : step * Double(choosing))
  }

  /// The size of a step for what may be spent, and whether all costs are multiples of it.
  private func step(_ left: Double) -> (size: Double, isExact: Bool) {
    let coarse = left / Double(resolution)
    var divisor = 0
    for row in rows {
      for option in row {
        let beyond = option.cost - row[0].cost
        guard beyond == beyond.rounded(), beyond < 0x1p53 else { return (coarse, false) }
        var (a, b) = (divisor, Int(beyond))
        while b != 0 { (a, b) = (b, a % b) }
        divisor = a
      }
    }
    return divisor > 0 && left / Double(divisor) <= Double(resolution) ? (Double(divisor), true) : (coarse, false)
  }

  /// A cost in steps, rounded up; what is a whole number of them but for its last bits is not.
  private static func steps(_ cost: Double, _ step: Double) -> Int {
    guard cost > 0 else { return 0 }
    let steps = (cost / step * (1 - 1e-12)).rounded(.up)
    return steps < 0x1p53 ? Int(steps) : .max
  }

  /// For each row the place of its option: the least damage in so many steps, then the fewest steps.
  private func solve(_ costs: [[Int]], _ budget: Int) -> [Int] {
    let width = budget + 1
    // The least damage of the rows so far at exactly so many steps, and which option of the last of them has it.
    var best = [Double](repeating: .infinity, count: width)
    var isReached = [Bool](repeating: false, count: width)
    (best[0], isReached[0]) = (0, true)
    var taken = [Int32](repeating: -1, count: rows.count * width)
    for (number, row) in rows.enumerated() {
      var next = [Double](repeating: .infinity, count: width)
      var reached = [Bool](repeating: false, count: width)
      for (place, option) in row.enumerated() where costs[number][place] <= budget {
        let cost = costs[number][place]
        for spent in 0..<(width - cost) where isReached[spent] {
          let damage = best[spent] + option.damage
          if !reached[spent + cost] || damage < next[spent + cost] {
            next[spent + cost] = damage
            reached[spent + cost] = true
            taken[number * width + spent + cost] = Int32(place)
          }
        }
      }
      (best, isReached) = (next, reached)
    }
    var spent = 0
    for steps in 0..<width where isReached[steps] && (!isReached[spent] || best[steps] < best[spent]) { spent = steps }
    var places = [Int](repeating: 0, count: rows.count)
    for number in rows.indices.reversed() {
      places[number] = Int(taken[number * width + spent])
      spent -= costs[number][places[number]]
    }
    return places
  }

  private func plan(_ places: [Int], slack: Double) -> BudgetPlan {
    let choices = zip(rows, places).map { $0[$1].number }
    return BudgetPlan(choices: choices, cost: table.cost(of: choices), damage: table.damage(of: choices), slack: slack)
  }
}
