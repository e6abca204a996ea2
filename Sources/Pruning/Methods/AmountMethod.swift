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
    func withBytes(
      _ left: ArraySlice<Tensor>, _ found: [UnsafeRawBufferPointer]
    ) throws(SelectionError) -> [BitMask] {
      guard let first = left.first else {
        let blocks = scores.indices.map {
          Scores(bytes: found[$0], type: scores[$0].dtype.elementType, kept: kept[$0])
        }
        return try Selection.prune(k, of: blocks, by: ranking, nan: nan)
      }
      return try first.withUnsafeBytes { bytes throws(SelectionError) in
        try withBytes(left.dropFirst(), found + [bytes])
      }
    }
    do { return try withBytes(scores[...], []) } catch { throw .selection(error, context: description) }
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
