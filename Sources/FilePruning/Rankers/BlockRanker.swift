import Recipes
import Sparsity

/// Whole blocks of one or several weights, ranked by their norms, which bands of whole rows of blocks have by themselves.
///
/// Norms are taken again in each pass rather than kept.
final class BlockRanker: Ranker {
  private let context: FileContext
  private let plan: PruningPlan
  private let rows: Int
  private let columns: Int
  private var search: GroupSearch

  init(_ context: FileContext, _ plan: PruningPlan, _ group: PruningPlan.Group, rows: Int, columns: Int) {
    (self.context, self.plan) = (context, plan)
    (self.rows, self.columns) = (rows, columns)
    let totals = group.weights.map { plan.units(of: $0)?.count ?? 0 }
    search = GroupSearch(plan, group, totals: totals, types: [.float64], by: plan.unitRanking)
  }

  var wantsPass: Bool { search.isSearching }

  /// The scores of a band's blocks, and those of them that take part.
  private func ranked<Result>(_ block: WeightBlock, _ body: (BlockNorms, Scores) throws -> Result) rethrows -> Result {
    guard case .block(let rows, let columns, let matrix) = plan.pattern(of: block.number) else {
      preconditionFailure("blocks of a pattern that has none")
    }
    let width = matrix.shape(of: context.weights[block.number].shape).last ?? 1
    let band = BlockNorms(shape: [block.scores.count / max(width, 1), width], rows: rows, columns: columns)
    let norms = band.reduce(block.scores, plan.recipe.criterion.reduction)
    return try norms.withUnsafeBufferPointer {
      try body(band, Scores($0, kept: block.scores.kept.map(band.keptBlocks)))
    }
  }

  func scan(_ block: WeightBlock) throws {
    try ranked(block) { try search.scan(block.number, at: block.start / (rows * columns), $1) }
  }

  func survivors(of block: WeightBlock, writing output: DenseOutput) throws -> BitMask {
    var bits = try ranked(block) { band, scores in band.expanded(try search.apply(block.number, scores)) }
    if let kept = block.scores.kept { bits.formIntersection(kept) }
    output.write(bits)
    return bits
  }
}
