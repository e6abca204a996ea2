import Sparsity

/// Finds out, in passes over blocks, which entries of weights stay, and tells it block by block.
protocol Ranker: AnyObject {
  /// Whether all its blocks must be scanned, once more or for the first time.
  var wantsPass: Bool { get }

  /// Looks at a block in a pass; the pass ends by itself with the last block.
  ///
  /// In the first pass blocks come in the order of the file, in later ones weight by weight.
  func scan(_ block: WeightBlock) throws

  /// The entries of a block that stay, of those that an earlier mask keeps. Blocks come in flat order, weight by weight.
  ///
  /// - Parameter output: Dense results that may be written in the same pass. Whatever becomes of it, they are whole
  ///   afterwards.
  func survivors(of block: WeightBlock, writing output: DenseOutput) throws -> BitMask
}
