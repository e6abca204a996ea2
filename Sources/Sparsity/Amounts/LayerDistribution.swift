/// How an overall sparsity is shared out over the layers of a model.
public enum LayerDistribution: Sendable, Hashable, CaseIterable {
  /// The same sparsity in every layer.
  case uniform
  /// Erdős–Rényi-kernel: the density of a layer is proportional to the sum of its sizes over their product, so that
  /// narrow layers stay denser (Evci et al., "Rigging the Lottery", 2020; for matrices Mocanu et al., 2018).
  case erk
  /// One ranking over all layers: no layer has a sparsity of its own.
  case global

  /// The sparsity of each layer.
  ///
  /// ```swift
  /// try LayerDistribution.erk.sparsities(overall: 0.9, shapes: [[6, 1, 5, 5], [16, 6, 5, 5], [120, 400]])
  /// ```
  ///
  /// Layers that `erk` would make denser than whole are kept whole, and the others take over their share, so that the
  /// overall sparsity is met up to rounding to whole entries.
  ///
  /// - Parameters:
  ///   - overall: The share of all entries to prune, in 0...1.
  ///   - shapes: The shapes of the layers' weights.
  /// - Returns: For each layer the share of its entries to prune; nil for `global`.
  /// - Throws: ``AmountError/fractionOutOfRange(_:)``.
  public func sparsities(overall: Double, shapes: [[Int]]) throws(AmountError) -> [Double]? {
    try Amount.fraction(overall).validated()
    switch self {
    case .global: return nil
    case .uniform: return Array(repeating: overall, count: shapes.count)
    case .erk: return Self.erk(overall, shapes)
    }
  }

  private static func erk(_ overall: Double, _ shapes: [[Int]]) -> [Double] {
    let sizes = shapes.map { Double($0.reduce(1, *)) }
    let raw = zip(shapes, sizes).map { shape, size in size == 0 ? 0 : Double(shape.reduce(0, +)) / size }
    var whole = sizes.map { $0 == 0 }
    // Each round keeps at least one more layer whole, or ends.
    while true {
      var budget = (1 - overall) * sizes.reduce(0, +)
      var divisor = 0.0
      for layer in sizes.indices {
        if whole[layer] { budget -= sizes[layer] } else { divisor += raw[layer] * sizes[layer] }
      }
      let scale = divisor > 0 ? max(0, budget) / divisor : 0
      let tooDense = sizes.indices.filter { !whole[$0] && scale * raw[$0] > 1 }
      if tooDense.isEmpty {
        return sizes.indices.map { whole[$0] ? 0 : max(0, 1 - scale * raw[$0]) }
      }
      for layer in tooDense { whole[layer] = true }
    }
  }
}
