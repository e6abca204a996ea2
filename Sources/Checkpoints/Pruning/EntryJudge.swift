import Sparsity

/// Single entries of one or several weights, ranked together by their magnitude.
final class EntryJudge: PruningJudge {
  private let context: PruningContext
  private let total: Int
  private var finder: CutFinder
  private var scanned = 0
  /// Where the blocks of the pass lie.
  private var places: [(unit: Int, start: Int)] = []

  init(_ context: PruningContext, units: [Int], extent: PruningRecipe.Extent) {
    self.context = context
    total = units.reduce(0) { $0 + context.units[$1].count }
    let types = Set(units.map { context.units[$0].type })
    finder = CutFinder(extent, types: types, nan: context.recipe.nan, count: total)
  }

  var wantsPass: Bool { finder.isSearching }

  func scan(_ block: UnitBlock) throws {
    places.append((block.unit, block.start))
    try finder.scan(block.scores)
    scanned += block.scores.count
    guard scanned == total else { return }
    do {
      try finder.finishPass(context, unit: block.unit)
    } catch SelectionError.nan(let block, let index, let count) {
      throw context.nan(count, unit: places[block].unit, at: "entry \(places[block].start + index)")
    }
    (scanned, places) = (0, [])
  }

  func survivors(of block: UnitBlock, writing output: DenseOutput) throws -> BitMask {
    try finder.apply(to: block.scores, writing: output)
  }
}
