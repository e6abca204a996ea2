import Sparsity

/// How a weight's dimensions are ordered. Patterns speak of outputs and inputs as PyTorch orders them, and are turned for
/// weights that others order differently.
public enum WeightLayout: String, Sendable, Hashable {
  /// Outputs, then inputs, then what a kernel has besides: PyTorch's order.
  case outputsFirst
  /// The last two dimensions are inputs and outputs, as operators have it that multiply with a matrix from the right.
  case inputsFirst
  /// Matrices of outputs by inputs, one behind the other: both directions of a recurrent layer.
  case stacked
}

extension Pattern {
  /// The pattern on the dimensions that a weight of `layout` has in place of PyTorch's; itself where there are none.
  func turned(for layout: WeightLayout, rank: Int) -> Pattern {
    guard layout != .outputsFirst, rank >= 2 else { return self }
    // The place of each of PyTorch's dimensions: outputs, inputs, the others.
    let first = layout == .inputsFirst ? [rank - 1, rank - 2] : [rank - 2, rank - 1]
    let places = first + Array(0..<rank - 2)
    func turned(_ dimension: Int) -> Int {
      let plain = dimension < 0 ? dimension + rank : dimension
      return places.indices.contains(plain) ? places[plain] : dimension
    }
    switch self {
    case .unstructured: return self
    case .structured(let dimension): return .structured(dim: turned(dimension))
    case .nOfM(let n, let m, let dimension): return .nOfM(n, m, dim: turned(dimension ?? 1))
    case .block(let rows, let columns, _):
      return layout == .inputsFirst
        ? .block(rows: columns, columns: rows, of: .lastTwo) : .block(rows: rows, columns: columns, of: .lastTwo)
    }
  }
}

extension PruningPlan {
  /// The pattern on a weight, along the dimensions that are outputs and inputs in it.
  public func pattern(of weight: Int) -> Pattern {
    recipe.pattern.turned(for: weights[weight].layout, rank: weights[weight].shape.count)
  }

  /// The channels or blocks of a weight; nil for patterns of entries.
  public func units(of weight: Int) -> PatternUnits? { PatternUnits(pattern(of: weight), of: weights[weight].shape) }
}
