/// What each part of a model can become, and what that costs and spoils: what a ``BudgetSolver`` chooses from.
///
/// ```swift
/// let table = BudgetTable(unit: "weights", rows: [
///   .init(name: "fc1", options: [.init(cost: 48_000, damage: 0), .init(cost: 4_800, damage: 0.002)]),
///   .init(name: "fc2", options: [.init(cost: 10_080, damage: 0), .init(cost: 1_008, damage: 0.004)]),
/// ])
/// let plan = try BudgetSolver(table).plan(costing: 15_000)
/// ```
public struct BudgetTable: Codable, Hashable, Sendable {
  /// One thing that a part can become.
  public struct Option: Codable, Hashable, Sendable {
    /// What the part costs then, in the table's unit.
    public var cost: Double
    /// How much worse the model is then, all other parts being whole: a loss, a share of wrong answers, a change of
    /// outputs. Less than 0 where it is better.
    public var damage: Double

    /// A pair of numbers.
    public init(cost: Double, damage: Double) { (self.cost, self.damage) = (cost, damage) }
  }

  /// One part: a layer, or channels that go together.
  public struct Row: Codable, Hashable, Sendable {
    /// What it is called.
    public var name: String
    /// What it can become, in any order; exactly one of them is chosen.
    public var options: [Option]

    /// A part.
    public init(name: String, options: [Option]) { (self.name, self.options) = (name, options) }
  }

  /// What costs are counted in, for people: `weights`, `MACs`, `ms`, `bytes`.
  public var unit: String
  /// The parts.
  public var rows: [Row]
  /// What the rest of the model costs, whatever is chosen.
  public var rest: Double

  /// A table.
  public init(unit: String, rows: [Row], rest: Double = 0) { (self.unit, self.rows, self.rest) = (unit, rows, rest) }

  /// The least and the most that the model can cost; nil where a part has no options.
  public var reach: ClosedRange<Double>? {
    var (least, most) = (rest, rest)
    for row in rows {
      guard let low = row.options.map(\.cost).min(), let high = row.options.map(\.cost).max() else { return nil }
      (least, most) = (least + low, most + high)
    }
    // Also for NaN, which is refused elsewhere.
    return least <= most ? least...most : nil
  }

  /// What options cost together, with the rest.
  ///
  /// - Parameter choices: the number of an option for each row.
  public func cost(of choices: [Int]) -> Double {
    zip(rows, choices).reduce(rest) { $0 + $1.0.options[$1.1].cost }
  }

  /// What options spoil, added up.
  public func damage(of choices: [Int]) -> Double {
    zip(rows, choices).reduce(0) { $0 + $1.0.options[$1.1].damage }
  }
}
