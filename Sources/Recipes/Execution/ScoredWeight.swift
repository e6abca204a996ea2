import Sparsity

/// The scores of a weight's entries in memory, with the earlier mask.
public struct ScoredWeight {
  /// One score for each entry.
  public let scores: Scores
  /// Which go first.
  public let ranking: Ranking
  /// Holds the scores where they are not the weights themselves.
  private let memory: ScoreMemory?

  /// The weights as their own scores; whoever makes one holds the weights.
  init(_ weights: Scores, by ranking: Ranking) {
    (scores, self.ranking, memory) = (weights, ranking, nil)
  }

  init(_ memory: ScoreMemory, kept: BitMask?, by ranking: Ranking) {
    scores = Scores(bytes: UnsafeRawBufferPointer(memory.bytes), type: memory.type, kept: kept)
    (self.ranking, self.memory) = (ranking, memory)
  }
}

/// Memory of scores.
final class ScoreMemory: @unchecked Sendable {
  let bytes: UnsafeMutableRawBufferPointer
  let type: ElementType

  init(count: Int, type: ElementType) {
    bytes = .allocate(byteCount: count * type.byteCount, alignment: 64)
    self.type = type
  }

  convenience init(_ values: [Double]) {
    self.init(count: values.count, type: .float64)
    values.withUnsafeBytes { bytes.copyMemory(from: $0) }
  }

  deinit { bytes.deallocate() }
}

extension PruningPlan {
  /// The scores of a weight's entries, as the criterion gives them. Random numbers are not made here.
  ///
  /// - Parameters:
  ///   - weight: The number of the weight.
  ///   - tensor: The whole weight and its earlier mask.
  ///   - evidence: What the criterion needs beside the weights.
  /// - Throws: What the criterion throws, and ``RecipeError`` where it gives too few or too many.
  public func entryScores(
    _ weight: Int, _ tensor: Scores, _ evidence: EvidenceValues? = nil
  ) throws -> ScoredWeight {
    let criterion = recipe.criterion
    guard case .computed = criterion.source, criterion.subject == .entries else {
      return ScoredWeight(tensor, by: criterion.ranking)
    }
    return ScoredWeight(
      ScoreMemory(try computed(weight, tensor, evidence, count: tensor.count)), kept: tensor.kept, by: criterion.ranking
    )
  }

  /// The scores of a weight's channels or blocks, out of those of its entries or as the criterion gives them.
  public func unitScores(
    _ weight: Int, _ entries: ScoredWeight, _ evidence: EvidenceValues? = nil, threads: Int? = nil
  ) throws -> [Double] {
    guard let units = units(of: weight) else { return [] }
    if case .computed = recipe.criterion.source, recipe.criterion.subject == .channels {
      return try computed(weight, entries.scores, evidence, count: units.count)
    }
    return units.scores(of: entries.scores, recipe.criterion.reduction, threads: threads)
  }

  /// Which channels or blocks go first.
  public var unitRanking: Ranking {
    if case .draws = recipe.criterion.source { return .value }
    return recipe.criterion.ranking == .largestValue ? .largestValue : .value
  }

  private func computed(
    _ number: Int, _ tensor: Scores, _ evidence: EvidenceValues?, count: Int
  ) throws -> [Double] {
    let weight = weights[number]
    let given = recipe.criterion.evidence == .none ? [] : try evidence?(number) ?? []
    guard recipe.criterion.evidence == .none || given.count == tensor.count else {
      throw RecipeError(
        .noEvidence, "rank '\(weight.path)' by '\(recipe.criterion.name)'",
        expected: "\(recipe.criterion.evidence.rawValue) for \(tensor.count) entries", found: "\(given.count)",
        advice: "gather them on the same model")
    }
    let values = WeightValues(
      weight, values: tensor.values, kept: tensor.kept, dimension: pattern(of: number).dimension(in: weight.shape),
      evidence: given)
    let scores = try recipe.criterion.scores(of: values)
    guard scores.count == count else {
      throw RecipeError(
        .unfit, "rank '\(weight.path)' by '\(recipe.criterion.name)'", expected: "\(count) scores",
        found: "\(scores.count)", advice: "give one for each entry, or for each channel where it scores channels")
    }
    return scores
  }
}

extension PruningPlan {
  /// The entries of a range that given masks keep, of those that the earlier mask keeps.
  ///
  /// - Throws: ``RecipeError`` where a mask has values other than 0 and 1.
  public func givenMask(
    _ masks: any GivenTensors, _ weight: Int, _ range: Range<Int>, kept: BitMask?
  ) throws -> BitMask {
    guard let (path, _, type) = masks.layout(for: weights[weight]) else {
      preconditionFailure("the plan has weights without a mask")
    }
    let memory = ScoreMemory(count: range.count, type: type)
    try masks.read(path, range, into: memory.bytes)
    let bytes = UnsafeRawBufferPointer(memory.bytes)
    let bits = BitMask(bytes, type: type, keeping: .nonzero)
    guard bits == BitMask(bytes, type: type, keeping: .equalsOne) else {
      throw RecipeError(
        .unfit, "prune '\(path)' by the masks of \(masks.description)", expected: "values 0 and 1",
        found: "others from entry \(range.lowerBound) on", advice: "make it a mask of 0 and 1")
    }
    return kept.map { bits.intersection($0) } ?? bits
  }

  /// What stays where each row is ranked by itself: rows of entries, or of blocks that stand side by side.
  ///
  /// - Parameters:
  ///   - group: The weights that share a target.
  ///   - weight: The number of the weight.
  ///   - scores: The scores of its entries or blocks, whole rows of them.
  ///   - ranking: Which go first.
  ///   - width: The scores of a row.
  ///   - start: The index of the first score, for messages.
  ///   - threads: The most threads to use; all processors when nil.
  public func rowMask(
    _ group: Group, _ weight: Int, _ scores: Scores, by ranking: Ranking, width: Int, startingAt start: Int = 0,
    threads: Int? = nil
  ) throws -> BitMask {
    if case .below(let threshold)? = group.target {
      return try naming(weight, startingAt: start) { try mask(below: threshold, scores, by: ranking) }
    }
    return try naming(weight, startingAt: start) {
      try Selection.prune(ofEachRow: width, of: scores, by: ranking, nan: recipe.nan, threads: threads) { open in
        try count(group, of: width, open: open) ?? 0
      }
    }
  }

  /// What stays at or above a threshold.
  func mask(below threshold: Double, _ scores: Scores, by ranking: Ranking) throws -> BitMask {
    // NaN is looked for first.
    _ = try Selection.prune(0, of: [scores], by: ranking, nan: recipe.nan)
    if ranking == .magnitude {
      var applier = CutApplier(.below(threshold, types: [scores.type], nan: recipe.nan))
      return try applier.apply(to: scores)
    }
    let stays = BitMask(scores.values.lazy.map { !($0 < threshold) })
    return scores.kept.map { stays.intersection($0) } ?? stays
  }

  /// Puts the weight into errors of ranking its entries, channels or blocks.
  public func naming<R>(_ weight: Int, startingAt start: Int = 0, _ body: () throws -> R) throws -> R {
    do { return try body() } catch SelectionError.nan(_, let index, let count) {
      throw notANumber(count, in: weight, at: place(start + index))
    }
  }

  /// The place of a score for messages.
  public func place(_ index: Int) -> String {
    switch recipe.pattern {
    case .unstructured, .nOfM: "entry \(index)"
    case .structured: "channel \(index)"
    case .block: "block \(index)"
    }
  }
}
