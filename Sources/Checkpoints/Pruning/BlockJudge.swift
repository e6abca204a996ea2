import Sparsity

/// Whole blocks of one weight's matrices, by their norms.
///
/// Blocks come in bands of whole rows of blocks. Their norms are taken again in each pass rather than kept.
final class BlockJudge: PruningJudge {
  private let context: PruningContext
  private let unit: Int
  private let rows: Int
  private let columns: Int
  private var finder: CutFinder
  private var scanned = 0

  init(_ context: PruningContext, unit: Int, rows: Int, columns: Int, extent: PruningRecipe.Extent) {
    self.context = context
    self.unit = unit
    self.rows = rows
    self.columns = columns
    // Norms are never negative, so that their magnitudes are they themselves.
    finder = CutFinder(extent, types: [.float64], nan: context.recipe.nan, count: context.units[unit].count)
  }

  var wantsPass: Bool { finder.isSearching }

  /// The norms of a band's blocks, and those of them that take part.
  private func ranked<Result>(_ block: UnitBlock, _ body: (BlockNorms, Scores) throws -> Result) rethrows -> Result {
    let width = context.units[unit].shape.last ?? 1
    let band = BlockNorms(shape: [block.scores.count / max(width, 1), width], rows: rows, columns: columns)
    let norms = band.norms(of: block.scores, order: context.recipe.normOrder)
    return try norms.withUnsafeBufferPointer {
      try body(band, Scores($0, kept: block.scores.kept.map(band.keptBlocks)))
    }
  }

  func scan(_ block: UnitBlock) throws {
    try ranked(block) { try finder.scan($1) }
    scanned += block.scores.count
    guard scanned == context.units[unit].count else { return }
    scanned = 0
    do {
      try finder.finishPass(context, unit: unit)
    } catch SelectionError.nan(_, _, let count) {
      throw context.nan(count, unit: unit, at: "the norm of a block")
    }
  }

  func survivors(of block: UnitBlock, writing output: DenseOutput) throws -> BitMask {
    var bits = try ranked(block) { band, scores in band.expanded(try finder.apply(to: scores)) }
    if let kept = block.scores.kept { bits.formIntersection(kept) }
    output.fill(bits)
    return bits
  }
}
