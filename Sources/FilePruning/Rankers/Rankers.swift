import Checkpoints
import Recipes
import Sparsity

/// Who ranks which weight, and in what order masks are made.
struct Rankers {
  let context: FileContext
  /// For each weight that is pruned now.
  private(set) var rankers: [(any Ranker)?]
  /// The entries of a block of each.
  private(set) var blockCounts: [Int]
  /// All weights, in the order in which their masks are to be made.
  private(set) var order: [Int]
  /// The rankers that draw, in the order of their draws.
  private var drawing: [any DrawingRanker] = []

  init(_ context: FileContext) throws {
    self.context = context
    rankers = Array(repeating: nil, count: context.weights.count)
    order = Array(context.weights.indices)
    blockCounts = []
    if let plan = context.plan {
      do {
        for group in plan.groups {
          let ranker = try Self.ranker(context, plan, group)
          for number in group.weights { rankers[number] = ranker }
          if let ranker = ranker as? any DrawingRanker { drawing.append(ranker) }
        }
      } catch let error as RecipeError { throw error.inFile(context.store.path) }
      // Draws come in the order of the groups, when masks are made too.
      if !drawing.isEmpty {
        order = plan.groups.flatMap(\.weights) + context.weights.indices.filter { rankers[$0] == nil }
      }
    }
    for (number, weight) in context.weights.enumerated() {
      blockCounts.append(
        try weight.blockCount(ofBands: band(number), size: context.blockSize, file: context.store.path))
    }
  }

  /// Entries of a weight that must be seen together.
  private func band(_ number: Int) -> Int {
    let shape = context.weights[number].shape
    switch rankers[number] {
    case is BandRanker:
      guard let pattern = context.plan?.pattern(of: number), pattern != .unstructured else {
        return shape.dropFirst().reduce(1, *)
      }
      return pattern.bandCount(in: shape)
    case is BlockRanker: return context.plan?.pattern(of: number).bandCount(in: shape) ?? 1
    default: return 1
    }
  }

  private static func ranker(
    _ context: FileContext, _ plan: PruningPlan, _ group: PruningPlan.Group
  ) throws -> any Ranker {
    let isPerRow = plan.recipe.distribution.kind == .perRow
    switch (plan.recipe.criterion.source, plan.recipe.pattern) {
    case (.masks(let masks), _): return GivenRanker(plan, masks)
    case (.weights, .unstructured) where !isPerRow: return EntryRanker(context, plan, group)
    case (.weights, .unstructured), (.weights, .nOfM): return BandRanker(context, plan, group)
    case (.weights, .structured): return try ChannelRanker(context, plan, group)
    case (.weights, .block(let rows, let columns, _)) where !isPerRow:
      return BlockRanker(context, plan, group, rows: rows, columns: columns)
    case (.draws, .unstructured) where !isPerRow: return try DrawRanker(context, plan, group)
    case (.draws, .structured) where !isPerRow, (.draws, .block) where !isPerRow:
      return try DrawnUnitsRanker(context, plan, group)
    case (.computed, _) where group.weights.count > 1: return WholeRanker(context, plan, group)
    case (.weights, .block), (.draws, _), (.computed, _): return try SettledRanker(context, plan, group)
    }
  }

  /// Settles everything that random numbers decide before weights are looked at, and leaves the draws standing at the
  /// first weight of ``order``.
  func draw(from draws: (any UniformDraws)?, check: () throws -> Void) throws {
    guard let plan = context.plan, case .draws(let seed) = plan.recipe.criterion.source else { return }
    guard let draws else { throw plan.noDraws.inFile(context.store.path) }
    let parts = drawing.compactMap(\.part)
    guard !parts.isEmpty else { return }
    while drawing.contains(where: \.wantsDraws) {
      let draw = try draws.begin(seed: seed, parts: parts)
      // Draws of groups that are settled already are passed over.
      for ranker in drawing { try ranker.scanDraws(draw, check) }
    }
    let draw = try draws.begin(seed: seed, parts: parts)
    for ranker in drawing { ranker.begin(draw) }
  }
}
