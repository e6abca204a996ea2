import Checkpoints
import Recipes
import Sparsity

/// A ranker whose scores are random numbers: one sequence over all rankers, in the order of the plan.
protocol DrawingRanker: Ranker {
  /// The draws that it takes; nil where nothing goes.
  var part: UniformPart? { get }
  /// Whether all draws of the sequence must be gone through once more before masks are made.
  var wantsDraws: Bool { get }
  /// Goes through its draws once, or passes over them where it knows enough.
  ///
  /// - Parameter draw: Fills memory with the next draws.
  func scanDraws(_ draw: @escaping Draw, _ check: () throws -> Void) throws
  /// Gets ready to draw while masks are made, if it draws then.
  func begin(_ draw: @escaping Draw)
}

/// Fills memory with the next draws of a sequence.
typealias Draw = (UnsafeMutableRawBufferPointer) throws -> Void

/// Single entries of one or several weights, the largest of PyTorch's random draws first, as `RandomUnstructured` does.
///
/// Draws are made for the entries that an earlier mask keeps, one sequence over all weights of the group; they are made
/// again in each pass rather than kept.
final class DrawRanker: DrawingRanker {
  let part: UniformPart?
  private let context: FileContext
  private let group: PruningPlan.Group
  private let open: [Int]
  private var search: GroupSearch?
  private var draw: Draw?

  init(_ context: FileContext, _ plan: PruningPlan, _ group: PruningPlan.Group) throws {
    (self.context, self.group) = (context, group)
    let open = try group.weights.map { try context.reader.keptCount(of: context.weights[$0]) }
    self.open = open
    let counts = Dictionary(uniqueKeysWithValues: zip(group.weights, open))
    do { part = try plan.part(group) { number, _ in counts[number] ?? 0 } } catch let error as RecipeError {
      throw error.inFile(context.store.path)
    }
    if let part {
      // Only draws of open entries are shown to it, and only those count; earlier zeros count towards a sparsity.
      search = GroupSearch(
        plan, group, totals: group.weights.map { context.weights[$0].count }, drawn: open, types: [part.type],
        by: .largestValue)
    }
  }

  /// Draws look at no weights.
  var wantsPass: Bool { false }
  func scan(_ block: WeightBlock) {}

  var wantsDraws: Bool { search?.isSearching ?? false }

  func scanDraws(_ draw: @escaping Draw, _ check: () throws -> Void) throws {
    self.draw = draw
    guard part != nil else { return }
    for (number, open) in zip(group.weights, open) {
      let each = WeightReader.blockSize / 8
      for start in stride(from: 0, to: open, by: each) {
        guard let scores = try draws(min(each, open - start)) else { continue }
        try search?.scan(number, at: start, scores)
        try check()
      }
    }
  }

  func begin(_ draw: @escaping Draw) { self.draw = draw }

  private func draws(_ count: Int) throws -> Scores? {
    guard let part, count > 0 else { return nil }
    let buffer = UnsafeMutableRawBufferPointer(rebasing: context.reader.draws[..<(count * part.type.byteCount)])
    try draw?(buffer)
    return Scores(bytes: UnsafeRawBufferPointer(buffer), type: part.type)
  }

  func survivors(of block: WeightBlock, writing output: DenseOutput) throws -> BitMask {
    var bits = block.scores.kept ?? BitMask(repeating: true, count: block.scores.count)
    if let scores = try draws(block.scores.keptCount), let compact = try search?.apply(block.number, scores) {
      bits = block.scores.kept?.depositing(compact) ?? compact
    }
    output.write(bits)
    return bits
  }
}

/// Whole channels or blocks of one or several weights, the smallest of PyTorch's random draws first.
final class DrawnUnitsRanker: DrawingRanker {
  let part: UniformPart?
  private let context: FileContext
  private let plan: PruningPlan
  private let group: PruningPlan.Group
  private let units: [Int: PatternUnits]
  private var survivors: [Int: BitMask]?
  /// The mask of the weight whose blocks are being made.
  private var current: (number: Int, mask: BitMask)?

  init(_ context: FileContext, _ plan: PruningPlan, _ group: PruningPlan.Group) throws {
    (self.context, self.plan, self.group) = (context, plan, group)
    units = Dictionary(
      uniqueKeysWithValues: group.weights.compactMap { number in
        plan.units(of: number).map { (number, $0) }
      })
    do {
      part = try plan.part(group) { number, units in
        guard let units else { return 0 }
        return try context.reader.kept(of: context.weights[number]).map { units.open(in: $0).keptCount } ?? units.count
      }
    } catch let error as RecipeError { throw error.inFile(context.store.path) }
    if part == nil { survivors = [:] }
  }

  var wantsPass: Bool { false }
  func scan(_ block: WeightBlock) {}
  var wantsDraws: Bool { survivors == nil }
  func begin(_ draw: @escaping Draw) {}

  func scanDraws(_ draw: @escaping Draw, _ check: () throws -> Void) throws {
    guard let part else { return }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: part.count * part.type.byteCount, alignment: 64)
    defer { memory.deallocate() }
    try draw(memory)
    guard survivors == nil else { return }
    var values = Scores(bytes: UnsafeRawBufferPointer(memory), type: part.type).values[...]
    let kept = try group.weights.map { number in
      try context.reader.kept(of: context.weights[number]).flatMap { units[number]?.open(in: $0) }
    }
    let scores = zip(group.weights, kept).map { number, kept in
      let count = units[number]?.count ?? 0
      let open = kept ?? BitMask(repeating: true, count: count)
      defer { values = values.dropFirst(open.keptCount) }
      return PruningPlan.spread(Array(values.prefix(open.keptCount)), over: open)
    }
    let masks = try plan.survivors(of: group, unitScores: scores, kept: kept)
    survivors = Dictionary(uniqueKeysWithValues: zip(group.weights, masks))
    try check()
  }

  func survivors(of block: WeightBlock, writing output: DenseOutput) throws -> BitMask {
    let bits: BitMask
    if let chosen = survivors?[block.number], let units = units[block.number] {
      if current?.number != block.number { current = (block.number, units.expanded(chosen)) }
      let part = current?.mask.part(block.range) ?? BitMask(repeating: true, count: block.scores.count)
      bits = block.scores.kept.map { part.intersection($0) } ?? part
    } else {
      bits = block.scores.kept ?? BitMask(repeating: true, count: block.scores.count)
    }
    output.write(bits)
    return bits
  }
}
