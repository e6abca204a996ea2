import Recipes
import Sparsity

/// Single entries of one or several weights, ranked together by their magnitude where they lie.
final class EntryRanker: Ranker {
  private var search: GroupSearch

  init(_ context: FileContext, _ plan: PruningPlan, _ group: PruningPlan.Group) {
    search = GroupSearch(
      plan, group, totals: group.weights.map { context.weights[$0].count },
      types: Set(group.weights.map { context.weights[$0].type }), by: plan.recipe.criterion.ranking)
  }

  var wantsPass: Bool { search.isSearching }

  func scan(_ block: WeightBlock) throws { try search.scan(block.number, at: block.start, block.scores) }

  func survivors(of block: WeightBlock, writing output: DenseOutput) throws -> BitMask {
    try search.apply(block.number, block.scores, writing: output)
  }
}
