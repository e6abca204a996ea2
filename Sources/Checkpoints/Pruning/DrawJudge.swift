import Sparsity

/// Single entries of one or several weights, the largest of PyTorch's random draws first, as `RandomUnstructured` does.
///
/// Draws are made for the entries that an earlier mask keeps, one sequence over all weights of the group; they are made
/// again in each pass rather than kept.
final class DrawJudge: PruningJudge {
  /// The draws that a pass needs; none where nothing goes.
  let part: UniformPart?
  private let context: PruningContext
  private let units: [Int]
  private var search: CutSearch?
  private var applier: CutApplier?
  /// Fills the buffer with the next draws, while they last.
  var draw: ((UnsafeMutableRawBufferPointer) throws -> Void)?

  init(_ context: PruningContext, units: [Int], extent: PruningRecipe.Extent) throws {
    self.context = context
    self.units = units
    let available = try units.reduce(0) { $0 + (try context.keptCount(of: $1)) }
    let count = try context.resolve(extent, of: available, unit: units[0])
    let type = Self.promoted(units.map { context.units[$0].type })
    if count == 0 {
      part = nil
      applier = CutApplier(.below(0, types: [type]))
    } else {
      part = UniformPart(type: type, count: available)
      search = CutSearch(pruning: count, types: [type], by: .largestValue)
    }
  }

  /// The type in which PyTorch concatenates tensors of these.
  private static func promoted(_ types: [ElementType]) -> ElementType {
    let types = Set(types)
    if types.count == 1, let type = types.first { return type }
    return types.contains(.float64) ? .float64 : .float32
  }

  /// Draws look at no weights.
  var wantsPass: Bool { false }
  func scan(_ block: UnitBlock) {}

  /// Whether the draws must be gone through once more.
  var wantsDraws: Bool { applier == nil }

  /// Goes through all draws of the group once.
  func scanDraws(_ check: () throws -> Void) throws {
    for number in units {
      let unit = context.units[number]
      let each = try unit.blockCount(for: nil, size: context.blockSize, file: context.checkpoint.path)
      for start in stride(from: 0, to: unit.count, by: each) {
        let range = start..<min(unit.count, start + each)
        let count = try context.reader.kept(of: unit, range)?.keptCount ?? range.count
        guard let scores = try draws(count) else { continue }
        try search?.scan(scores)
        try check()
      }
    }
    if let cut = try search?.finishPass() {
      applier = CutApplier(cut)
      search = nil
    }
  }

  private func draws(_ count: Int) throws -> Scores? {
    guard let part, count > 0 else { return nil }
    let buffer = UnsafeMutableRawBufferPointer(rebasing: context.reader.draws[..<(count * part.type.byteCount)])
    try draw?(buffer)
    return Scores(bytes: UnsafeRawBufferPointer(buffer), type: part.type)
  }

  func survivors(of block: UnitBlock, writing output: DenseOutput) throws -> BitMask {
    var bits = block.scores.kept ?? BitMask(repeating: true, count: block.scores.count)
    if let scores = try draws(block.scores.keptCount), let compact = try applier?.apply(to: scores) {
      bits = block.scores.kept?.depositing(compact) ?? compact
    }
    output.fill(bits)
    return bits
  }
}
