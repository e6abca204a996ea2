import Recipes
import Sparsity

/// N of every M entries, or each output row by itself: every band of a weight is settled alone, so that no pass is needed.
final class BandRanker: Ranker {
  private let plan: PruningPlan
  private let group: PruningPlan.Group
  /// Entries of a row.
  private let width: Int
  /// The groups of N:M as the first dimension of a matrix.
  private let pattern: Pattern
  private let stride: Int

  init(_ context: FileContext, _ plan: PruningPlan, _ group: PruningPlan.Group) {
    (self.plan, self.group) = (plan, group)
    let shape = context.weights[group.weights[0]].shape
    width = shape.dropFirst().reduce(1, *)
    let own = plan.pattern(of: group.weights[0])
    if case .nOfM(let n, let m, _) = own {
      pattern = .nOfM(n, m, dim: 0)
      stride = own.bandCount(in: shape) / m
    } else {
      (pattern, stride) = (.unstructured, 1)
    }
  }

  var wantsPass: Bool { false }
  func scan(_ block: WeightBlock) {}

  func survivors(of block: WeightBlock, writing output: DenseOutput) throws -> BitMask {
    let ranking = plan.recipe.criterion.ranking
    let bits: BitMask
    if pattern == .unstructured {
      bits = try plan.rowMask(
        group, block.number, block.scores, by: ranking, width: width, startingAt: block.start)
    } else {
      bits = try plan.naming(block.number, startingAt: block.start) {
        do throws(PatternError) {
          return try pattern.mask(
            of: block.scores, shape: [block.scores.count / max(stride, 1), stride], by: ranking, nan: plan.recipe.nan)
        } catch {
          guard case .selection(let error) = error else { throw error }
          throw error
        }
      }
    }
    output.write(bits)
    return bits
  }
}
