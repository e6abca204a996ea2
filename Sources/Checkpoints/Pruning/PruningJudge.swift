import Sparsity

/// Finds out, in passes over blocks, which entries of weights stay, and tells it block by block.
protocol PruningJudge: AnyObject {
  /// Whether all its blocks must be scanned, once more or for the first time.
  var wantsPass: Bool { get }

  /// Looks at a block in a pass; the pass ends by itself with the last block.
  func scan(_ block: UnitBlock) throws

  /// The entries of a block that stay, of those that an earlier mask keeps. Blocks come in flat order, weight by weight.
  ///
  /// - Parameter output: Dense results that may be written in the same pass. Whatever becomes of it, they are whole
  ///   afterwards.
  func survivors(of block: UnitBlock, writing output: DenseOutput) throws -> BitMask
}

extension DenseOutput {
  /// Writes the results of a mask that came about by itself.
  func fill(_ bits: BitMask) {
    if let mask { bits.expand(into: mask, as: maskType) }
    if let product, let weights { bits.multiply(weights, into: product, type: weightType) }
  }
}
