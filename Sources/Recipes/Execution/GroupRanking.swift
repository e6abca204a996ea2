import Sparsity

/// Ranks the weights of a group that lie in memory.
struct GroupRanking {
  let plan: PruningPlan
  let tensors: [Scores]
  let evidence: EvidenceValues?
  let threads: Int?

  private var recipe: Recipe { plan.recipe }

  /// The entries that stay of each weight of a group.
  func masks(_ number: Int, _ group: PruningPlan.Group, _ drawn: DrawnScores) throws -> [BitMask] {
    if case .masks(let given) = recipe.criterion.source {
      return try group.weights.map { try plan.givenMask(given, $0, 0..<tensors[$0].count, kept: tensors[$0].kept) }
    }
    let entries = try group.weights.map { try drawn.entries(number, $0) ?? plan.entryScores($0, tensors[$0], evidence) }
    return try withExtendedLifetime(entries) {
      try rank(group, entries) { index, threads in
        try drawn.units(number, group.weights[index])
          ?? plan.unitScores(group.weights[index], entries[index], evidence, threads: threads)
      }
    }
  }

  private func rank(
    _ group: PruningPlan.Group, _ entries: [ScoredWeight], _ unitScores: (Int, Int?) throws -> [Double]
  ) throws -> [BitMask] {
    let shapes = group.weights.map { plan.weights[$0].shape }
    switch recipe.pattern {
    case .nOfM:
      return try group.weights.indices.map { index in
        try plan.naming(group.weights[index]) {
          do throws(PatternError) {
            return try plan.pattern(of: group.weights[index]).mask(
              of: entries[index].scores, shape: shapes[index], by: entries[index].ranking, nan: recipe.nan,
              threads: threads)
          } catch {
            guard case .selection(let error) = error else { throw error }
            throw error
          }
        }
      }
    case .unstructured:
      if recipe.distribution.kind == .perRow {
        return try group.weights.indices.map { index in
          try plan.rowMask(
            group, group.weights[index], entries[index].scores, by: entries[index].ranking,
            width: shapes[index].dropFirst().reduce(1, *), threads: threads)
        }
      }
      return try cut(group, entries.map(\.scores), by: entries.first?.ranking ?? .magnitude)
    case .structured, .block:
      let units = group.weights.compactMap(plan.units)
      let values = try group.weights.indices.map { try unitScores($0, threads) }
      let open = zip(units, group.weights).map { units, weight in tensors[weight].kept.map(units.open) }
      let survivors = try survivors(group, values, kept: open)
      return group.weights.indices.map { index in
        let mask = units[index].expanded(survivors[index])
        return tensors[group.weights[index]].kept.map { mask.intersection($0) } ?? mask
      }
    }
  }

  /// The channels or blocks that stay.
  func survivors(_ group: PruningPlan.Group, _ values: [[Double]], kept: [BitMask?]) throws -> [BitMask] {
    let scored = zip(values, kept).map { ScoredWeight(ScoreMemory($0), kept: $1, by: plan.unitRanking) }
    return try withExtendedLifetime(scored) {
      guard recipe.distribution.kind == .perRow else {
        return try cut(group, scored.map(\.scores), by: plan.unitRanking)
      }
      return try group.weights.indices.map { index in
        let columns = plan.units(of: group.weights[index])?.columns ?? 1
        return try plan.rowMask(
          group, group.weights[index], scored[index].scores, by: plan.unitRanking, width: columns, threads: threads)
      }
    }
  }

  /// What stays of entries, channels or blocks that are ranked together.
  private func cut(_ group: PruningPlan.Group, _ scores: [Scores], by ranking: Ranking) throws -> [BitMask] {
    let open = scores.map(\.keptCount)
    if case .below(let threshold)? = group.target {
      return try scores.indices.map { index in
        try plan.naming(group.weights[index]) { try plan.mask(below: threshold, scores[index], by: ranking) }
      }
    }
    let totals = scores.map(\.count)
    let wanted = try plan.count(group, of: totals.reduce(0, +), open: open.reduce(0, +)) ?? 0
    let floors = totals.map(plan.floor)
    let spare = zip(open, floors).map { max(0, $0 - $1) }
    guard spare.reduce(0, +) >= wanted || recipe.distribution.atLeast == 0 else {
      throw plan.unreachable(group, wanted: wanted, possible: spare.reduce(0, +))
    }
    func select(_ k: Int, _ members: [Int]) throws -> [BitMask] {
      do {
        return try Selection.prune(k, of: members.map { scores[$0] }, by: ranking, nan: recipe.nan, threads: threads)
      } catch SelectionError.nan(let buffer, let index, let count) {
        throw plan.notANumber(count, in: group.weights[members[buffer]], at: plan.place(index))
      }
    }
    var masks = [BitMask](repeating: BitMask(repeating: true, count: 0), count: scores.count)
    var members = Array(scores.indices)
    var k = wanted
    // Weights that would fall below their floor stop there, and the others lose the rest.
    while true {
      let found = try select(k, members)
      let short = members.indices.filter { found[$0].keptCount < min(open[members[$0]], floors[members[$0]]) }
      if short.isEmpty {
        for (member, mask) in zip(members, found) { masks[member] = mask }
        return masks
      }
      for index in short {
        let member = members[index]
        masks[member] = try select(spare[member], [member])[0]
        k -= spare[member]
      }
      let stopped = Set(short.map { members[$0] })
      members.removeAll { stopped.contains($0) }
    }
  }
}

extension PruningPlan {
  /// The channels or blocks of a group that stay, for weights that do not lie in memory.
  ///
  /// - Parameters:
  ///   - group: The weights.
  ///   - values: The scores of the channels or blocks of each weight of the group.
  ///   - kept: Those of which an earlier mask keeps any; nil for all.
  public func survivors(of group: Group, unitScores values: [[Double]], kept: [BitMask?]) throws -> [BitMask] {
    try GroupRanking(plan: self, tensors: [], evidence: nil, threads: nil).survivors(group, values, kept: kept)
  }
}
