import Checkpoints
import Recipes
import Sparsity

/// A weight that is settled by itself once it lies in memory as a whole: by a criterion of one's own, or at random.
final class SettledRanker: DrawingRanker {
  let part: UniformPart?
  private let context: FileContext
  private let plan: PruningPlan
  private var draw: Draw?
  private var mask: BitMask?

  init(_ context: FileContext, _ plan: PruningPlan, _ group: PruningPlan.Group) throws {
    self.context = context
    self.plan = plan.isolated(group)
    guard case .draws = plan.recipe.criterion.source else {
      part = nil
      return
    }
    do {
      part = try plan.part(group) { number, units in
        let kept = try context.reader.kept(of: context.weights[number])
        guard let units else { return kept?.keptCount ?? context.weights[number].count }
        return kept.map { units.open(in: $0).keptCount } ?? units.count
      }
    } catch let error as RecipeError { throw error.inFile(context.store.path) }
  }

  var wantsPass: Bool { false }
  func scan(_ block: WeightBlock) {}

  var wantsDraws: Bool { false }
  func scanDraws(_ draw: @escaping Draw, _ check: () throws -> Void) throws {}
  func begin(_ draw: @escaping Draw) { self.draw = draw }

  func survivors(of block: WeightBlock, writing output: DenseOutput) throws -> BitMask {
    let weight = context.weights[block.number]
    if block.start == 0 {
      mask = try weight.whole(context.reader) { scores in
        try plan.masks(of: [scores], draws: OngoingDraws(draw: draw ?? { _ in }))[0]
      }
    }
    let bits = mask?.part(block.range) ?? BitMask(repeating: true, count: block.scores.count)
    if block.range.upperBound == weight.count { mask = nil }
    output.write(bits)
    return bits
  }
}

/// Draws of a sequence that has begun.
private struct OngoingDraws: UniformDraws {
  let draw: Draw

  func begin(seed: UInt64, parts: [UniformPart]) -> (UnsafeMutableRawBufferPointer) throws -> Void { draw }
}

/// Several weights ranked together by a criterion of one's own. Each is read as a whole, in every pass.
final class WholeRanker: Ranker {
  private let context: FileContext
  private let plan: PruningPlan
  private let group: PruningPlan.Group
  private var search: GroupSearch
  private var mask: BitMask?

  init(_ context: FileContext, _ plan: PruningPlan, _ group: PruningPlan.Group) {
    (self.context, self.plan, self.group) = (context, plan, group)
    let totals = group.weights.map { number in
      plan.units(of: number)?.count ?? context.weights[number].count
    }
    let ranking = plan.recipe.pattern == .unstructured ? plan.recipe.criterion.ranking : plan.unitRanking
    search = GroupSearch(plan, group, totals: totals, types: [.float64], by: ranking)
  }

  var wantsPass: Bool { search.isSearching }

  /// The scores of a whole weight's entries, channels or blocks.
  private func ranked<R>(_ number: Int, _ body: (Scores, PatternUnits?) throws -> R) throws -> R {
    let weight = context.weights[number]
    return try weight.whole(context.reader) { tensor in
      let entries = try plan.entryScores(number, tensor)
      guard let units = plan.units(of: number) else {
        return try withExtendedLifetime(entries) { try body(entries.scores, nil) }
      }
      let values = try plan.unitScores(number, entries)
      return try values.withUnsafeBufferPointer { try body(Scores($0, kept: tensor.kept.map(units.open)), units) }
    }
  }

  func scan(_ block: WeightBlock) throws {
    // With its last block all of a weight has gone by; it is read once more, as a whole.
    guard block.range.upperBound == context.weights[block.number].count else { return }
    try ranked(block.number) { scores, _ in try search.scan(block.number, at: 0, scores) }
  }

  func survivors(of block: WeightBlock, writing output: DenseOutput) throws -> BitMask {
    if block.start == 0 {
      mask = try ranked(block.number) { scores, units in
        let bits = try search.apply(block.number, scores)
        return units?.expanded(bits) ?? bits
      }
    }
    var bits = mask?.part(block.range) ?? BitMask(repeating: true, count: block.scores.count)
    if let kept = block.scores.kept { bits.formIntersection(kept) }
    if block.range.upperBound == context.weights[block.number].count { mask = nil }
    output.write(bits)
    return bits
  }
}

extension StoredWeight {
  /// Calls `body` with the whole weight and its earlier mask in memory.
  fileprivate func whole<R>(_ reader: WeightReader, _ body: (Scores) throws -> R) throws -> R {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count * type.byteCount, 1), alignment: 64)
    defer { memory.deallocate() }
    let bytes = UnsafeMutableRawBufferPointer(rebasing: memory[..<(count * type.byteCount)])
    if count > 0 { try reader.readValues(of: self, 0..<count, into: bytes) }
    return try body(Scores(bytes: UnsafeRawBufferPointer(bytes), type: type, kept: try reader.kept(of: self)))
  }
}
