import Sparsity
import Torch

/// A method of single entries that is fully described by an amount, which global pruning can make itself from its type.
public protocol AmountMethod: PruningMethod {
  /// How many of the entries that take part are pruned.
  var amount: Amount { get }
  /// The method with that amount.
  init(amount: Amount)
}

extension PruningMethod {
  /// The amount as a number of `count` entries.
  func resolve(_ amount: Amount, of count: Int) throws(PruningError) -> Int {
    do { return try amount.entries(of: count) } catch { throw .amount(error, context: description) }
  }

  /// Exact selection on the tensors' memory.
  func select(
    _ k: Int, of scores: [Tensor], kept: [BitMask?], by ranking: Ranking, nan: NaNRule
  ) throws(PruningError) -> [BitMask] {
    try select(k, of: scores, kept: kept, by: ranking, nan: nan, multiplying: scores.map { _ in nil }).masks
  }

  /// Exact selection on the tensors' memory, which writes the products of mask and weights in the same pass.
  func select(
    _ k: Int, of scores: [Tensor], kept: [BitMask?], by ranking: Ranking, nan: NaNRule, multiplying weights: [Tensor?]
  ) throws(PruningError) -> Survivors {
    // The addresses hold as long as the tensors do.
    defer { withExtendedLifetime(scores) {} }
    let blocks = scores.indices.map { index in
      scores[index].withUnsafeBytes { Scores(bytes: $0, type: scores[index].dtype.elementType, kept: kept[index]) }
    }
    return try multiplying(weights) { outputs throws(SelectionError) in
      try Selection.prune(k, of: blocks, by: ranking, nan: nan, writing: outputs)
    }
  }

  /// Exact selection of draws, which writes the products of mask and weights in the same pass.
  func select(
    _ k: Int, of draws: Draws, by ranking: Ranking, multiplying weights: [Tensor?]
  ) throws(PruningError) -> Survivors {
    try multiplying(weights) { outputs throws(SelectionError) in
      try Selection.prune(k, of: draws, by: ranking, writing: outputs)
    }
  }

  /// Calls `select` with memory for the products, or with nothing where there are no weights.
  private func multiplying(
    _ weights: [Tensor?], _ select: ([DenseOutput]) throws(SelectionError) -> [BitMask]
  ) throws(PruningError) -> Survivors {
    let products = weights.map { weights in weights.map { Tensor.inLargePages($0.shape, dtype: $0.dtype) } }
    // The addresses hold as long as the tensors do.
    defer { withExtendedLifetime((weights, products)) {} }
    let outputs = zip(products, weights).map { product, weights in
      DenseOutput(
        product: product?.withUnsafeMutableBytes { $0 }, of: weights?.withUnsafeBytes { $0 },
        type: weights?.dtype.elementType ?? .float32)
    }
    do throws(SelectionError) {
      return Survivors(masks: try select(weights.contains { $0 != nil } ? outputs : []), products: products)
    } catch { throw .selection(error, context: description) }
  }
}

extension DType {
  /// The dtype to which PyTorch promotes tensors of these dtypes.
  static func promoted(_ dtypes: [DType]) -> DType {
    guard var promoted = dtypes.first else { return .float32 }
    for dtype in dtypes.dropFirst() where dtype != promoted {
      promoted = (Tensor.empty([0], dtype: promoted) + Tensor.empty([0], dtype: dtype)).dtype
    }
    return promoted
  }
}
