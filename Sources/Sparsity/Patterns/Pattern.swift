/// On what structure of a tensor pruning acts.
public enum Pattern: Sendable, Hashable {
  /// Single entries, anywhere.
  case unstructured
  /// Whole channels of one dimension; negative dimensions count from the last.
  case structured(dim: Int)
  /// Of every `m` consecutive entries along a dimension, `n` are KEPT: `.nOfM(2, 4)` keeps 2 of every 4, the 50 %
  /// sparsity that GPUs with sparse tensor cores multiply faster (Mishra et al. 2021, "Accelerating Sparse Deep Neural
  /// Networks").
  ///
  /// Without a dimension the groups lie along the inputs, where such hardware wants them: dimension 1, for matrices
  /// `[outputs, inputs]` as for kernels of convolutions `[outputs, inputs, height, width]`; the only one of a vector.
  case nOfM(Int, Int, dim: Int? = nil)
  /// Whole blocks of the matrix that a tensor is read as: `.block(rows: 4, columns: 1)` are four outputs that share an
  /// input.
  case block(rows: Int, columns: Int, of: BlockMatrix = .outputsByInputs)
}

/// The matrix of which blocks are parts.
public enum BlockMatrix: Sendable, Hashable, CaseIterable {
  /// The first dimension by all others together: outputs by flattened inputs.
  case outputsByInputs
  /// The matrices in the last two dimensions.
  case lastTwo

  /// The shape of the matrices in a tensor: two or more dimensions of which the last two are divided.
  public func shape(of shape: [Int]) -> [Int] {
    guard self == .outputsByInputs, shape.count > 2 else { return shape }
    return [shape[0], shape[1...].reduce(1, *)]
  }
}

extension Pattern {
  /// Whether the pattern itself says how much goes, so that no ``Amount`` is wanted.
  public var fixesAmount: Bool {
    if case .nOfM = self { true } else { false }
  }

  /// The dimension of a shape along which the pattern acts, counted from the first; nil where it has none.
  ///
  /// Check it with ``validate(for:)`` first.
  public func dimension(in shape: [Int]) -> Int? {
    switch self {
    case .structured(let dim): dim < 0 ? dim + shape.count : dim
    case .nOfM(_, _, let dim?): dim < 0 ? dim + shape.count : dim
    case .nOfM: min(1, shape.count - 1)
    case .unstructured, .block: nil
    }
  }

  /// Consecutive entries of which the pattern is made up: whole groups of N:M, whole rows of blocks; 1 where any part of
  /// a tensor can be looked at by itself.
  ///
  /// Check the shape with ``validate(for:)`` first.
  public func bandCount(in shape: [Int]) -> Int {
    switch self {
    case .unstructured, .structured: return 1
    case .nOfM(_, let m, _):
      let dimension = dimension(in: shape) ?? 0
      return m * shape[(dimension + 1)...].reduce(1, *)
    case .block(let rows, _, let matrix):
      return rows * (matrix.shape(of: shape).last ?? 1)
    }
  }

  /// Throws unless the pattern fits a shape.
  ///
  /// - Throws: ``PatternError``.
  public func validate(for shape: [Int]) throws(PatternError) {
    switch self {
    case .unstructured: break
    case .structured(let dim):
      guard shape.count >= 2 else { throw .tooFewDimensions(shape: shape, needed: 2) }
      guard dim >= -shape.count, dim < shape.count else { throw .dimension(dim, shape: shape) }
    case .nOfM(let n, let m, let dim):
      guard n > 0, n <= m else { throw .invalid(self) }
      guard let dimension = dimension(in: shape), dimension >= 0 || dim != nil else {
        throw .tooFewDimensions(shape: shape, needed: 1)
      }
      guard shape.indices.contains(dimension) else { throw .dimension(dim ?? dimension, shape: shape) }
      try Self.divide(shape, dimension, by: m)
    case .block(let rows, let columns, let matrix):
      guard rows > 0, columns > 0 else { throw .invalid(self) }
      guard shape.count >= 2 else { throw .tooFewDimensions(shape: shape, needed: 2) }
      let divided = matrix.shape(of: shape)
      try Self.divide(divided, divided.count - 2, by: rows)
      try Self.divide(divided, divided.count - 1, by: columns)
    }
  }

  private static func divide(_ shape: [Int], _ dimension: Int, by divisor: Int) throws(PatternError) {
    guard shape[dimension] % divisor == 0 else {
      throw .notDivisible(dimension: dimension, by: divisor, shape: shape)
    }
  }
}

extension Pattern: CustomStringConvertible {
  /// Such as `2 of 4` or `blocks of 4 x 4`.
  public var description: String {
    switch self {
    case .unstructured: "single entries"
    case .structured(let dim): "channels of dimension \(dim)"
    case .nOfM(let n, let m, let dim): "\(n) of \(m)" + (dim.map { " along dimension \($0)" } ?? "")
    case .block(let rows, let columns, let matrix):
      "blocks of \(rows) x \(columns)" + (matrix == .lastTwo ? " in the last two dimensions" : "")
    }
  }
}
