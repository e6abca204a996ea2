import Sparsity
import Torch

/// A method that ranks single entries, of one tensor or of several together.
protocol EntryMethod: PruningMethod {
  /// The entries that stay, of those that take part.
  /// - Parameters:
  ///   - scores: Contiguous, in main memory.
  ///   - kept: For each the entries that take part; nil for all.
  func survivors(of scores: [Tensor], kept: [BitMask?]) throws -> [BitMask]

  /// The same, and the products of mask and weights where the method can write both in one pass over memory.
  /// - Parameter weights: For each of the scores what to multiply, contiguous and in main memory; nil for no product.
  func survivors(of scores: [Tensor], kept: [BitMask?], multiplying weights: [Tensor?]) throws -> Survivors
}

/// What a method leaves of tensors.
struct Survivors {
  /// The entries that stay.
  let masks: [BitMask]
  /// Weights times masks, where they came about together.
  let products: [Tensor?]
}

extension EntryMethod {
  func survivors(of scores: [Tensor], kept: [BitMask?], multiplying weights: [Tensor?]) throws -> Survivors {
    Survivors(masks: try survivors(of: scores, kept: kept), products: weights.map { _ in nil })
  }
}

extension Composition {
  /// The masks of tensors whose entries are ranked together, on top of earlier ones.
  /// - Parameters:
  ///   - scores: What is ranked, in main memory.
  ///   - previous: The earlier masks, in main memory; nil where there is none.
  ///   - originals: The parameters.
  ///   - dtypes: What the masks are to read as.
  static func masks(
    _ method: any EntryMethod, scores: [Tensor], previous: [PruningMask?], originals: [Tensor], dtypes: [DType]
  ) throws -> [Composed] {
    // A mask that is not packed may scale entries on which the method does not act.
    let weights = zip(originals, previous).map { original, previous in
      original.isInMainMemory && original.isContiguous && (previous == nil || previous?.bits != nil) ? original : nil
    }
    let kept = previous.map { $0?.participating }
    let survivors = try method.survivors(
      of: scores.map { $0.detach().contiguous() }, kept: kept, multiplying: weights)
    return originals.indices.map { index in
      let bits = survivors.masks[index]
      if let dense = previous[index], dense.bits == nil, let open = kept[index] {
        return Composed(mask: dense.intersected(with: bits.union(open.complement), dtype: dtypes[index]))
      }
      let mask = PruningMask(bits, shape: originals[index].shape, dtype: dtypes[index])
      return Composed(mask: mask, product: survivors.products[index])
    }
  }
}
