/// An ``Amount`` that makes no sense, in itself or for the tensor at hand.
public enum AmountError: Error, Hashable, Sendable {
  /// A fraction that is NaN, infinite, below 0 or above 1.
  case fractionOutOfRange(Double)
  /// A count below 0.
  case negativeCount(Int)
  /// A count above the number of entries that are still unpruned.
  case countTooLarge(Int, available: Int)
}

extension AmountError: CustomStringConvertible {
  /// One line: the operation, what was found, what was expected, and what to do.
  public var description: String {
    switch self {
    case .fractionOutOfRange(let fraction):
      "pruning amount: expected a fraction in the range 0...1, found \(fraction);"
        + " pass a fraction such as 0.5, or an integer to prune that many entries"
    case .negativeCount(let count):
      "pruning amount: expected a count of 0 or more, found \(count);"
        + " pass the number of entries to prune, or a fraction such as 0.5"
    case .countTooLarge(let count, let available):
      "pruning amount: expected a count of at most \(available), the entries still unpruned, found \(count);"
        + " pass a smaller count or a fraction"
    }
  }
}
