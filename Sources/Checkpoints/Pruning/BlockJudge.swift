import Sparsity

/// Whole blocks of one weight's matrices, by their norms.
///
/// Blocks come in bands of whole rows of blocks. Their norms are taken again in each pass rather than kept.
final class BlockJudge: PruningJudge {
  private let context: PruningContext
  private let unit: Int
  private let rows: Int
  private let columns: Int
  private let extent: PruningRecipe.Extent
  private var search: CutSearch?
  private var isFirstPass = true
  private var scanned = 0
  private var applier: CutApplier?

  init(_ context: PruningContext, unit: Int, rows: Int, columns: Int, extent: PruningRecipe.Extent) {
    self.context = context
    self.unit = unit
    self.rows = rows
    self.columns = columns
    self.extent = extent
    if context.units[unit].count == 0 { applier = CutApplier(.below(0, types: [.float64])) }
  }

  var wantsPass: Bool { applier == nil }

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
    // Norms are never negative, so that their magnitudes are they themselves.
    if search == nil { search = CutSearch(pruning: 0, types: [.float64], nan: context.recipe.nan) }
    try ranked(block) { try search?.scan($1) }
    scanned += block.scores.count
    if scanned == context.units[unit].count { try finishPass() }
  }

  private func finishPass() throws {
    scanned = 0
    let found: Cut?
    do {
      if isFirstPass {
        isFirstPass = false
        let count = try context.resolve(extent, of: search?.seen ?? 0, unit: unit)
        found = try search?.finishPass(pruning: count)
      } else {
        found = try search?.finishPass()
      }
    } catch SelectionError.nan(_, _, let count) {
      throw context.nan(count, unit: unit, at: "the norm of a block")
    }
    guard let found else { return }
    search = nil
    if case .below(let threshold) = extent {
      applier = CutApplier(.below(threshold, types: [.float64], nan: context.recipe.nan))
    } else {
      applier = CutApplier(found)
    }
  }

  func survivors(of block: UnitBlock, writing output: DenseOutput) throws -> BitMask {
    var bits = try ranked(block) { band, scores in
      guard let blocks = try applier?.apply(to: scores) else { preconditionFailure("applied before the cut is found") }
      return band.expanded(blocks)
    }
    if let kept = block.scores.kept { bits.formIntersection(kept) }
    output.fill(bits)
    return bits
  }
}
