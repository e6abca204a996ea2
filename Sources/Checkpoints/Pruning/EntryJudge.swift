import Sparsity

/// Single entries of one or several weights, ranked together by their magnitude.
final class EntryJudge: PruningJudge {
  private let context: PruningContext
  private let extent: PruningRecipe.Extent
  private let types: Set<ElementType>
  private let total: Int
  /// Made with the first block and given up with the cut, since it takes half a megabyte and more.
  private var search: CutSearch?
  private var isFirstPass = true
  private var scanned = 0
  /// Where the blocks of the pass lie.
  private var places: [(unit: Int, start: Int)] = []
  private var applier: CutApplier?

  init(_ context: PruningContext, units: [Int], extent: PruningRecipe.Extent) {
    self.context = context
    self.extent = extent
    types = Set(units.map { context.units[$0].type })
    total = units.reduce(0) { $0 + context.units[$1].count }
    if total == 0 { applier = CutApplier(.below(0, types: types)) }
  }

  var wantsPass: Bool { applier == nil }

  func scan(_ block: UnitBlock) throws {
    places.append((block.unit, block.start))
    if search == nil { search = CutSearch(pruning: 0, types: types, nan: context.recipe.nan) }
    try search?.scan(block.scores)
    scanned += block.scores.count
    if scanned == total { try finishPass(block.unit) }
  }

  private func finishPass(_ unit: Int) throws {
    defer { (scanned, places) = (0, []) }
    let found: Cut?
    do {
      if isFirstPass {
        isFirstPass = false
        let count = try context.resolve(extent, of: search?.seen ?? 0, unit: unit)
        found = try search?.finishPass(pruning: count)
      } else {
        found = try search?.finishPass()
      }
    } catch SelectionError.nan(let block, let index, let count) {
      throw context.nan(count, unit: places[block].unit, at: "entry \(places[block].start + index)")
    } catch SelectionError.passesDiffer {
      throw context.failure(
        .cannotRead, unit: unit, expected: "the same weights in each pass", found: "others",
        advice: "the file was changed meanwhile: try again")
    }
    guard let found else { return }
    search = nil
    if case .below(let threshold) = extent {
      applier = CutApplier(.below(threshold, types: types, nan: context.recipe.nan))
    } else {
      applier = CutApplier(found)
    }
  }

  func survivors(of block: UnitBlock, writing output: DenseOutput) throws -> BitMask {
    guard let bits = try applier?.apply(to: block.scores, writing: output) else {
      preconditionFailure("applied before the cut is found")
    }
    return bits
  }
}
