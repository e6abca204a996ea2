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
    _ k: Int, of scores: [Tensor], kept: [BitMask?], by ranking: Ranking, nan: NaNRule,
    drawing draw: ((Int, Range<Int>) -> Void)? = nil
  ) throws(PruningError) -> [BitMask] {
    try select(
      k, of: scores, kept: kept, by: ranking, nan: nan, multiplying: scores.map { _ in nil }, drawing: draw
    ).masks
  }

  /// Exact selection on the tensors' memory, which writes the products of mask and weights in the same pass.
  /// - Parameter draw: Draws the scores of a range of one tensor, where they are not there yet.
  func select(
    _ k: Int, of scores: [Tensor], kept: [BitMask?], by ranking: Ranking, nan: NaNRule, multiplying weights: [Tensor?],
    drawing draw: ((Int, Range<Int>) -> Void)? = nil
  ) throws(PruningError) -> Survivors {
    let products = weights.map { weights in weights.map { Tensor.inLargePages($0.shape, dtype: $0.dtype) } }
    // The addresses hold as long as the tensors do.
    defer { withExtendedLifetime((scores, weights, products)) {} }
    let blocks = scores.indices.map { index in
      scores[index].withUnsafeBytes { Scores(bytes: $0, type: scores[index].dtype.elementType, kept: kept[index]) }
    }
    let outputs = scores.indices.map { index in
      DenseOutput(
        product: products[index]?.withUnsafeMutableBytes { $0 }, of: weights[index]?.withUnsafeBytes { $0 },
        type: (weights[index] ?? scores[index]).dtype.elementType)
    }
    do throws(SelectionError) {
      let isWriting = products.contains { $0 != nil }
      let masks = try Selection.prune(
        k, of: blocks, by: ranking, nan: nan, writing: isWriting ? outputs : [], drawing: draw)
      return Survivors(masks: masks, products: products)
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
