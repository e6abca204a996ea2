/// Why there is no plan for a budget.
public enum BudgetError: Error, Hashable, Sendable {
  /// No choice is that cheap; what can be reached.
  case outOfReach(target: Double, reach: ClosedRange<Double>, unit: String)
  /// A part that can become nothing.
  case noOptions(row: String)
  /// A cost or damage that is no number, or a cost without end.
  case notANumber(row: String, option: Int, found: BudgetTable.Option)
  /// A target that is no number.
  case target(Double)
}

extension BudgetError: CustomStringConvertible {
  /// One sentence: what was expected and found, and what to do.
  public var description: String {
    switch self {
    case .outOfReach(let target, let reach, let unit):
      "solve for a budget: expected \(reach.lowerBound) \(unit) or more, since the cheapest choice costs that and the "
        + "dearest \(reach.upperBound), found \(target); allow more, or give the parts cheaper options"
    case .noOptions(let row):
      "solve for a budget: expected one option or more for '\(row)', found none; leave the part out, or measure it"
    case .notANumber(let row, let option, let found):
      "solve for a budget: expected a finite cost and a damage that is a number for option \(option) of '\(row)', found "
        + "\(found.cost) and \(found.damage); measure it again, on data without NaN"
    case .target(let target):
      "solve for a budget: expected a number as target, found \(target); say how much remains"
    }
  }
}
