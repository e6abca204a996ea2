import Sparsity

extension PruningPlan {
  /// The masks of weights that lie in memory.
  ///
  /// - Parameters:
  ///   - tensors: For each of ``weights`` its values and earlier mask; those of weights that are not pruned do not matter.
  ///   - evidence: What the criterion needs beside the weights, for one that does.
  ///   - draws: Random numbers, for a criterion that wants them.
  ///   - threads: The most threads to use; all processors when nil. The masks are the same for any number.
  /// - Returns: For each of ``weights`` the entries that stay, never any that the earlier mask prunes; nil for weights
  ///   that are not pruned.
  /// - Throws: ``RecipeError``, and what a criterion of one's own and draws throw.
  public func masks(
    of tensors: [Scores], evidence: EvidenceValues? = nil, draws: (any UniformDraws)? = nil, threads: Int? = nil
  ) throws -> [BitMask?] {
    precondition(
      tensors.count == weights.count, "PruningPlan: expected \(weights.count) tensors, found \(tensors.count)")
    if evidence == nil { try checkEvidence() }
    var masks = [BitMask?](repeating: nil, count: weights.count)
    let ranking = GroupRanking(plan: self, tensors: tensors, evidence: evidence, threads: threads)
    let drawn = try DrawnScores(plan: self, tensors: tensors, draws)
    for (number, group) in groups.enumerated() {
      for (weight, mask) in zip(group.weights, try ranking.masks(number, group, drawn)) { masks[weight] = mask }
    }
    return masks
  }

  /// Throws where the criterion needs more than weights.
  public func checkEvidence() throws(RecipeError) {
    guard recipe.criterion.evidence != .none else { return }
    throw RecipeError(
      .noEvidence, "rank by '\(recipe.criterion.name)'", expected: "\(recipe.criterion.evidence.rawValue)",
      found: "weights alone",
      advice: "gather it with a Pruner or an EvidenceCollector, or choose a criterion of weights, such as magnitude")
  }

  /// How many entries, channels or blocks of a group go; nil for a threshold.
  ///
  /// - Throws: ``RecipeError`` where there are fewer.
  public func count(_ group: Group, of total: Int, open: Int) throws(RecipeError) -> Int? {
    do throws(AmountError) { return try group.target?.count(of: total, open: open) } catch {
      throw RecipeError(
        .unfit, "prune \(names(group))", expected: "at most \(open) to prune, as many as are left",
        found: "\(group.target.map { "\($0)" } ?? "more")", advice: "give a smaller number or a share")
    }
  }

  /// The least number of `total` entries, channels or blocks that a weight keeps.
  public func floor(of total: Int) -> Int {
    // A hair's breadth forgives rounding: a tenth of 30 is 3.
    min(total, Int((recipe.distribution.atLeast * Double(total) - 1e-9).rounded(.up)))
  }

  /// The error for weights that may not lose as much as is asked for.
  public func unreachable(_ group: Group, wanted: Int, possible: Int) -> RecipeError {
    RecipeError(
      .unfit, "prune \(names(group))",
      expected: "at most \(possible) to prune, where each weight keeps a share of "
        + "\(recipe.distribution.atLeast)", found: "\(wanted)", advice: "prune less, or let the weights keep less")
  }

  /// The error for values that cannot be ranked.
  public func notANumber(_ count: Int, in weight: Int, at place: String) -> RecipeError {
    RecipeError(
      .notANumber, "prune '\(weights[weight].path)'", expected: "values that can be ranked",
      found: "\(count) NaN, the first at \(place)",
      advice: "repair the weights, exclude the tensor, or rank NaN as PyTorch does, above everything")
  }

  /// The names of a group for messages.
  private func names(_ group: Group) -> String {
    let first = "'\(weights[group.weights[0]].path)'"
    return group.weights.count == 1 ? first : "\(group.weights.count) weights together, \(first) the first"
  }
}
