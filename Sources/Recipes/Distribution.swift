/// How a target is shared out over the weights.
public struct Distribution: Hashable, Sendable {
  /// Which entries, channels or blocks are ranked together.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// All of all weights: each weight loses what ranks lowest.
    case global
    /// Those of each weight, which all lose the same share.
    case uniform
    /// Those of each weight, with shares by Erdős–Rényi-kernel that make up the share asked for: narrow weights stay
    /// denser (Evci et al. 2020, "Rigging the Lottery"; for matrices Mocanu et al. 2018).
    case erk
    /// Those of each output row, the first dimension, which all lose the same share.
    case perRow = "row"
  }

  /// Which are ranked together.
  public var kind: Kind
  /// The least share of its entries, channels or blocks that each weight keeps, in 0...1; what it may not lose, others do.
  public var atLeast: Double

  /// A distribution.
  public init(_ kind: Kind, atLeast: Double = 0) {
    self.kind = kind
    self.atLeast = atLeast
  }

  /// One ranking over all weights.
  public static let global = Distribution(.global)
  /// The same share of each weight.
  public static let uniform = Distribution(.uniform)
  /// Shares by Erdős–Rényi-kernel.
  public static let erk = Distribution(.erk)
  /// The same share of each output row.
  public static let perRow = Distribution(.perRow)

  /// The same distribution with a least share that each weight keeps.
  public func keeping(atLeast share: Double) -> Distribution { Distribution(kind, atLeast: share) }
}

extension Distribution {
  /// The sparsity of each weight by Erdős–Rényi-kernel: densities in proportion to the sum of its sizes over their
  /// product.
  ///
  /// Weights that would be denser than whole are kept whole, and the others take over their share, so that the overall
  /// sparsity is met up to rounding to whole entries.
  ///
  /// - Parameters:
  ///   - overall: The share of all entries that are pruned, in 0...1.
  ///   - shapes: The shapes of the weights.
  public static func erkSparsities(overall: Double, shapes: [[Int]]) -> [Double] {
    let sizes = shapes.map { Double($0.reduce(1, *)) }
    let raw = zip(shapes, sizes).map { shape, size in size == 0 ? 0 : Double(shape.reduce(0, +)) / size }
    var whole = sizes.map { $0 == 0 }
    // Each round keeps at least one more weight whole, or ends.
    while true {
      var budget = (1 - overall) * sizes.reduce(0, +)
      var divisor = 0.0
      for weight in sizes.indices {
        if whole[weight] { budget -= sizes[weight] } else { divisor += raw[weight] * sizes[weight] }
      }
      let scale = divisor > 0 ? max(0, budget) / divisor : 0
      let tooDense = sizes.indices.filter { !whole[$0] && scale * raw[$0] > 1 }
      if tooDense.isEmpty {
        return sizes.indices.map { whole[$0] ? 0 : max(0, 1 - scale * raw[$0]) }
      }
      for weight in tooDense { whole[weight] = true }
    }
  }
}
