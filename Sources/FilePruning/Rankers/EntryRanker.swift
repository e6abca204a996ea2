import Checkpoints
import Recipes
import Sparsity

/// Single entries of one or several weights, ranked together by their magnitude where they lie.
final class EntryRanker: SampledRanker {
  private var search: GroupSearch
  /// Empty where earlier masks leave open how many entries take part, or where entries do not lie side by side.
  let sampledWeights: [Int]

  init(_ context: FileContext, _ plan: PruningPlan, _ group: PruningPlan.Group) {
    search = GroupSearch(
      plan, group, totals: group.weights.map { context.weights[$0].count },
      types: Set(group.weights.map { context.weights[$0].type }), by: plan.recipe.criterion.ranking)
    let weights = group.weights.map { context.weights[$0] }
    let isPlain = weights.allSatisfy { $0.mask == nil && $0.tensor.strides == nil }
    let isLarge = weights.reduce(0) { $0 + $1.count } >= context.sampledCount
    sampledWeights = isPlain && isLarge ? group.weights : []
  }

  func expect(_ sample: [Scores]) { search.expect(sample) }

  var wantsPass: Bool { search.isSearching }

  func scan(_ block: WeightBlock) throws { try search.scan(block.number, at: block.start, block.scores) }

  func survivors(of block: WeightBlock, writing output: DenseOutput) throws -> BitMask {
    try search.apply(block.number, block.scores, writing: output)
  }
}
