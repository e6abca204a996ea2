/// What a ``BudgetSolver`` has chosen, and what it predicts of it.
public struct BudgetPlan: Codable, Hashable, Sendable {
  /// For each row of the table the number of its option.
  public var choices: [Int]
  /// What the model costs by the table.
  public var cost: Double
  /// How much worse it gets by the table: the damages of the parts, each measured alone, added up. Parts that make up for
  /// each other's faults, or add to them, are not seen.
  public var damage: Double
  /// How exact it is: no choice that costs at most the target less this does less damage. 0 where the plan is a best one.
  public var slack: Double

  /// A plan.
  public init(choices: [Int], cost: Double, damage: Double, slack: Double) {
    (self.choices, self.cost, self.damage, self.slack) = (choices, cost, damage, slack)
  }
}
