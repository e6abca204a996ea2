/// What is wanted of a smaller model, whatever it takes.
public enum BudgetGoal: Codable, Hashable, Sendable {
  /// That it is so many times as fast, on this machine.
  case speedup(Double)
  /// That it costs at most so much.
  case cost(CompactionCost, Int)
  /// That it is as fast as it can be while its outputs change at most so much: the share of held-out inputs whose top class
  /// is another one, or the relative error for a model without classes.
  case change(Double)
}

extension BudgetGoal: CustomStringConvertible {
  /// Such as `be 2 times as fast`.
  public var description: String {
    switch self {
    case .speedup(let times): "be \(times) times as fast"
    case .cost(let cost, let count): "keep \(count) \(cost == .macs ? "MACs" : cost.rawValue)"
    case .change(let share): "change at most \(share) of the outputs"
    }
  }
}
