import Recipes
import Sparsity

/// Masks that are given, on top of earlier ones.
final class GivenRanker: Ranker {
  private let plan: PruningPlan
  private let masks: any GivenTensors

  init(_ plan: PruningPlan, _ masks: any GivenTensors) { (self.plan, self.masks) = (plan, masks) }

  var wantsPass: Bool { false }
  func scan(_ block: WeightBlock) {}

  func survivors(of block: WeightBlock, writing output: DenseOutput) throws -> BitMask {
    let bits = try plan.givenMask(masks, block.number, block.range, kept: block.scores.kept)
    output.write(bits)
    return bits
  }
}

/// Nothing but the earlier mask.
final class EarlierRanker: Ranker {
  var wantsPass: Bool { false }
  func scan(_ block: WeightBlock) {}

  func survivors(of block: WeightBlock, writing output: DenseOutput) throws -> BitMask {
    let bits = block.scores.kept ?? BitMask(repeating: true, count: block.scores.count)
    output.write(bits)
    return bits
  }
}
