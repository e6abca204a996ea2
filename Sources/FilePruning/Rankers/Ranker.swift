import Sparsity

/// Finds out, in passes over blocks, which entries of weights stay, and tells it block by block.
protocol Ranker: AnyObject {
  /// Whether all its blocks must be scanned, once more or for the first time.
  var wantsPass: Bool { get }

  /// Looks at a block in a pass; the pass ends by itself with the last block.
  ///
  /// Blocks come weight by weight, in the order in which weights lie in the files.
  func scan(_ block: WeightBlock) throws

  /// The entries of a block that stay, of those that an earlier mask keeps. Blocks come in flat order, weight by weight.
  ///
  /// - Parameter output: Dense results that may be written in the same pass. Whatever becomes of it, they are whole
  ///   afterwards.
  func survivors(of block: WeightBlock, writing output: DenseOutput) throws -> BitMask
}

/// A ranker whose search takes fewer passes once it has seen a sample of its weights.
protocol SampledRanker: Ranker {
  /// The weights, in the order of their blocks; none where a sample is of no use.
  var sampledWeights: [Int] { get }
  /// Takes a sample, clusters in the order of the weights, before the first pass.
  func expect(_ sample: [Scores])
}
