import Checkpoints
import Recipes
import Sparsity

/// Whole channels of one or several weights, ranked by their norms, which accumulate block by block.
///
/// Channels that an earlier mask prunes wholly take no part, as in PyTorch.
final class ChannelRanker: Ranker {
  /// The most channels, of which each takes up to 50 bytes.
  static let limit = 1 << 22

  /// What is known of a weight.
  private struct Sums {
    /// Made with the first block: accumulations of many tensors at once would take much memory.
    var norms: ChannelNorms.Accumulator?
    /// Counts the entries of each channel that an earlier mask keeps; nil where there is none.
    var open: ChannelNorms.Accumulator?
    var scanned = 0
    var scores: [Double]?
    var kept: BitMask?
    var channels: BitMask?
  }

  private let context: FileContext
  private let plan: PruningPlan
  private let group: PruningPlan.Group
  private let dimensions: [Int: Int]
  private var sums: [Int: Sums] = [:]

  init(_ context: FileContext, _ plan: PruningPlan, _ group: PruningPlan.Group) throws {
    (self.context, self.plan, self.group) = (context, plan, group)
    let shapes = group.weights.map { context.weights[$0].shape }
    dimensions = Dictionary(
      uniqueKeysWithValues: zip(group.weights, shapes).map { ($0, plan.pattern(of: $0).dimension(in: $1) ?? 0) })
    for (number, shape) in zip(group.weights, shapes) {
      let size = shape[dimensions[number] ?? 0]
      guard size <= Self.limit else {
        throw context.failure(
          .limitExceeded, number, expected: "at most \(Self.limit) channels", found: "\(size)",
          advice: "choose another dimension or exclude the tensor")
      }
    }
  }

  var wantsPass: Bool { group.weights.contains { sums[$0]?.channels == nil } }

  func scan(_ block: WeightBlock) throws {
    let weight = context.weights[block.number]
    var sums = self.sums[block.number] ?? Sums()
    if sums.norms == nil {
      let dimension = dimensions[block.number] ?? 0
      sums.norms = .init(
        shape: weight.shape, dimension: dimension, reduction: plan.recipe.criterion.reduction)
      if weight.mask != nil { sums.open = .init(shape: weight.shape, dimension: dimension, order: 0) }
    }
    self.sums[block.number] = nil  // so that it is not copied
    sums.norms?.add(block.scores, at: block.start)
    if let kept = block.scores.kept { sums.open?.add(kept, at: block.start) }
    sums.scanned += block.scores.count
    if sums.scanned == weight.count {
      sums.scores = sums.norms?.norms
      sums.kept = sums.open.map { BitMask($0.norms.lazy.map { $0 > 0 }) }
      (sums.norms, sums.open) = (nil, nil)
    }
    self.sums[block.number] = sums
    try finishIfComplete()
  }

  /// Once the norms of all weights are known: which channels stay.
  private func finishIfComplete() throws {
    let scores = group.weights.compactMap { sums[$0]?.scores }
    guard scores.count == group.weights.count else { return }
    let kept = group.weights.map { sums[$0]?.kept }
    let survivors = try plan.survivors(of: group, unitScores: scores, kept: kept)
    for (number, mask) in zip(group.weights, survivors) { sums[number] = Sums(channels: mask) }
  }

  func survivors(of block: WeightBlock, writing output: DenseOutput) throws -> BitMask {
    guard let channels = sums[block.number]?.channels else {
      preconditionFailure("applied before the channels are known")
    }
    var bits = channels.expanded(
      alongDimension: dimensions[block.number] ?? 0, of: context.weights[block.number].shape, in: block.range)
    if let kept = block.scores.kept { bits.formIntersection(kept) }
    output.write(bits)
    return bits
  }
}

extension ChannelNorms.Accumulator {
  /// Adds the bits of a mask as ones and zeros.
  mutating func add(_ kept: BitMask, at start: Int) {
    withUnsafeTemporaryAllocation(byteCount: kept.count, alignment: 64) { dense in
      kept.expand(into: dense, as: .uint8)
      add(Scores(bytes: UnsafeRawBufferPointer(dense), type: .uint8), at: start)
    }
  }
}
