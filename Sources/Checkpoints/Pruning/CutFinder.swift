import Sparsity

/// The search for the cut through scores that come in passes, and its application afterwards.
struct CutFinder {
  private let extent: PruningRecipe.Extent
  private let types: Set<ElementType>
  private let nan: NaNRule
  /// Made with the first scores and given up with the cut, since it takes half a megabyte and more.
  private var search: CutSearch?
  private var isFirstPass = true
  private var applier: CutApplier?

  /// A search among so many scores; where there are none, it is over.
  init(_ extent: PruningRecipe.Extent, types: Set<ElementType>, nan: NaNRule, count: Int) {
    self.extent = extent
    self.types = types
    self.nan = nan
    if count == 0 { applier = CutApplier(.below(0, types: types)) }
  }

  /// Whether a pass is wanted.
  var isSearching: Bool { applier == nil }

  mutating func scan(_ scores: Scores) throws {
    if search == nil { search = CutSearch(pruning: 0, types: types, nan: nan) }
    try search?.scan(scores)
  }

  /// Ends a pass.
  ///
  /// - Parameter unit: The weight of which errors tell.
  mutating func finishPass(_ context: PruningContext, unit: Int) throws {
    let found: Cut?
    do {
      if isFirstPass {
        isFirstPass = false
        let count = try context.resolve(extent, of: search?.seen ?? 0, unit: unit)
        found = try search?.finishPass(pruning: count)
      } else {
        found = try search?.finishPass()
      }
    } catch SelectionError.passesDiffer {
      throw context.failure(
        .cannotRead, unit: unit, expected: "the same weights in each pass", found: "others",
        advice: "the file was changed meanwhile: try again")
    }
    guard let found else { return }
    search = nil
    if case .below(let threshold) = extent {
      applier = CutApplier(.below(threshold, types: types, nan: nan))
    } else {
      applier = CutApplier(found)
    }
  }

  /// The mask of the next scores, in flat order.
  mutating func apply(to scores: Scores, writing output: DenseOutput? = nil) throws -> BitMask {
    guard let bits = try applier?.apply(to: scores, writing: output) else {
      preconditionFailure("a cut is applied before it is found")
    }
    return bits
  }
}
