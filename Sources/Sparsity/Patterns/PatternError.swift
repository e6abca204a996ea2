/// A ``Pattern`` that does not fit the tensor or the request.
public enum PatternError: Error, Hashable, Sendable {
  /// Numbers that make no pattern, such as 5 of 4.
  case invalid(Pattern)
  /// A dimension that the shape does not have.
  case dimension(Int, shape: [Int])
  /// A dimension whose size is not a multiple of what the pattern needs.
  case notDivisible(dimension: Int, by: Int, shape: [Int])
  /// Fewer dimensions than the pattern needs.
  case tooFewDimensions(shape: [Int], needed: Int)
  /// A shape whose product is not the number of scores.
  case shape([Int], entries: Int)
  /// An amount beside a pattern that fixes how much goes, or none beside one that does not.
  case amount(given: Bool, pattern: Pattern)
  /// An amount that is invalid.
  case invalidAmount(AmountError)
  /// Scores that cannot be ranked.
  case selection(SelectionError)
}

extension PatternError: CustomStringConvertible {
  /// One line: the operation, what was found, what was expected, and what to do.
  public var description: String {
    switch self {
    case .invalid(let pattern):
      "pattern \(pattern): expected 0 < n <= m for nOfM and sizes of 1 or more for block; pass such numbers"
    case .dimension(let dimension, let shape):
      "structured pattern: expected a dimension in \(-shape.count)..<\(shape.count) for shape \(shape), found"
        + " \(dimension); pass a dimension of the tensor"
    case .notDivisible(let dimension, let divisor, let shape):
      "pattern: expected dimension \(dimension) of shape \(shape) to be a multiple of \(divisor), found"
        + " \(shape.indices.contains(dimension) ? shape[dimension] : 0); choose a pattern that divides it"
    case .tooFewDimensions(let shape, let needed):
      "pattern: expected a tensor of \(needed) or more dimensions, found shape \(shape); choose another pattern"
    case .shape(let shape, let entries):
      "pattern: expected scores for the \(shape.reduce(1, *)) entries of shape \(shape), found \(entries);"
        + " pass one score for each entry"
    case .amount(let given, let pattern):
      given
        ? "pattern \(pattern): expected no amount, since the pattern fixes it, found one; leave it out"
        : "pattern \(pattern): expected an amount, found none; pass a fraction or a count"
    case .invalidAmount(let error): error.description
    case .selection(let error): error.description
    }
  }
}
