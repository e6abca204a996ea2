/// On what structure of a tensor pruning acts.
public enum Pattern: Sendable, Hashable {
  /// Single entries, anywhere.
  case unstructured
  /// Whole channels of one dimension; negative dimensions count from the last.
  case structured(dim: Int)
  /// Of every `m` consecutive entries along the last dimension, `n` are KEPT: `.nOfM(2, 4)` keeps 2 of every 4, the
  /// 50 % sparsity that GPUs with sparse tensor cores multiply faster.
  case nOfM(Int, Int)
  /// Whole blocks of the matrices in the last two dimensions.
  case block(rows: Int, columns: Int)

  /// Whether the pattern itself says how much goes, so that no ``Amount`` is wanted.
  public var fixesAmount: Bool {
    if case .nOfM = self { true } else { false }
  }

  /// Throws unless the pattern fits a shape.
  ///
  /// - Throws: ``PatternError``.
  public func validate(for shape: [Int]) throws(PatternError) {
    switch self {
    case .unstructured: break
    case .structured(let dim):
      guard dim >= -shape.count, dim < shape.count else { throw .dimension(dim, shape: shape) }
    case .nOfM(let n, let m):
      guard n > 0, n <= m else { throw .invalid(self) }
      try Self.divide(shape, shape.count - 1, by: m)
    case .block(let rows, let columns):
      guard rows > 0, columns > 0 else { throw .invalid(self) }
      guard shape.count >= 2 else { throw .tooFewDimensions(shape: shape, needed: 2) }
      try Self.divide(shape, shape.count - 2, by: rows)
      try Self.divide(shape, shape.count - 1, by: columns)
    }
  }

  private static func divide(_ shape: [Int], _ dimension: Int, by divisor: Int) throws(PatternError) {
    guard dimension >= 0 else { throw .tooFewDimensions(shape: shape, needed: 1) }
    guard shape[dimension] % divisor == 0 else {
      throw .notDivisible(dimension: dimension, by: divisor, shape: shape)
    }
  }
}

extension Pattern: CustomStringConvertible {
  /// Such as `2 of 4` or `blocks of 4 x 4`.
  public var description: String {
    switch self {
    case .unstructured: "unstructured"
    case .structured(let dim): "structured along dimension \(dim)"
    case .nOfM(let n, let m): "\(n) of \(m)"
    case .block(let rows, let columns): "blocks of \(rows) x \(columns)"
    }
  }
}
