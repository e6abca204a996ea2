import Sparsity

extension Recipe {
  /// Throws unless the parts go together, whatever the weights.
  ///
  /// - Throws: ``RecipeError`` of kind `contradiction`.
  public func validate() throws(RecipeError) {
    let ruled = rules.contains { if case .prune = $0.action { true } else { false } }
    if case .masks = criterion.source {
      try Self.require(
        target == nil && !ruled, "no amount beside masks", "one", "leave it out: the masks say what is pruned")
      try Self.require(
        pattern == .unstructured, "no pattern beside masks", "\(pattern)", "leave it out: the masks say what is pruned")
      return
    }
    if pattern.fixesAmount {
      try Self.require(
        target == nil && !ruled, "no amount beside \(pattern)", "one", "leave it out: the pattern says how much goes")
    } else {
      try Self.require(target != nil || ruled, "an amount", "none", "say how much goes, for example a share of 0.5")
    }
    try validateCriterion()
    try validateDistribution(ruled: ruled)
    if regrowth != nil {
      try Self.require(
        pattern == .unstructured, "single entries, where masks grow back", "\(pattern)",
        "leave the pattern or the regrowth out")
      try Self.require(
        schedule.curve != .cyclic, "a schedule without cycles, where masks grow back", "a cyclic one",
        "leave the regrowth out, or choose another schedule")
    }
    for target in [target].compactMap({ $0 }) + rules.compactMap(\.target) { try validate(target) }
  }

  private func validateCriterion() throws(RecipeError) {
    if let norm = (criterion as? LnNorm)?.norm {
      try Self.require(
        norm.order != nil, "a norm of a real order", "\(norm)", "choose 1, 2, inf or another number")
    }
    if criterion is SparseGPT {
      try Self.require(
        schedule.curve != .cyclic, "a schedule without cycles beside '\(criterion.name)'", "a cyclic one",
        "choose another schedule: what stays takes over what goes, so that nothing can grow back")
      switch pattern {
      case .unstructured:
        guard distribution.kind == .uniform || distribution.kind == .erk else {
          throw Self.contradiction(
            "a uniform or ERK distribution beside '\(criterion.name)'", distribution.kind.rawValue,
            "choose uniform: it prunes a layer at a time")
        }
        for case .below? in [target] + rules.map(\.target) {
          throw Self.contradiction(
            "a share or a number beside '\(criterion.name)'", "a threshold", "give a share such as 0.5")
        }
      case .nOfM(_, _, nil), .nOfM(_, _, 1): break
      default:
        throw Self.contradiction(
          "single entries or N:M along the inputs beside '\(criterion.name)'", "\(pattern)", "choose such a pattern")
      }
    }
    guard criterion.subject == .channels else { return }
    let isReduction = if case .weights = criterion.source { true } else { false }
    switch pattern {
    case .structured: break
    case .block where isReduction: break
    default:
      throw Self.contradiction(
        isReduction ? "channels or blocks to take norms of" : "channels for '\(criterion.name)' to score",
        "\(pattern)", "rank single entries by their magnitude, or choose such a pattern")
    }
  }

  private func validateDistribution(ruled: Bool) throws(RecipeError) {
    let least = distribution.atLeast
    try Self.require(
      (0...1).contains(least), "a least share in 0...1 that each weight keeps", "\(least)", "give one such as 0.05")
    switch distribution.kind {
    case .global, .uniform: break
    case .perRow:
      if case .structured = pattern {
        throw Self.contradiction(
          "entries or blocks to rank in each row", "\(pattern)", "choose another pattern or distribution")
      }
      try Self.require(
        least == 0, "no least share beside a ranking in each row", "\(least)", "leave it out: each row loses the same")
    case .erk:
      try Self.require(
        !ruled, "rules that exclude only beside ERK", "one with an amount",
        "leave amounts out of the rules, or choose another distribution")
      guard !pattern.fixesAmount else { break }
      switch target {
      case .amount(.fraction)?, .sparsity?: break
      default:
        throw Self.contradiction(
          "a share to divide by ERK", target.map { "\($0)" } ?? "none", "give a share such as 0.9")
      }
    }
  }

  private func validate(_ target: Target) throws(RecipeError) {
    switch target {
    case .amount(let amount):
      do throws(AmountError) { try amount.validated() } catch {
        throw Self.contradiction(
          "a share in 0...1 or a number of 0 or more", "\(amount)", "give 0.5 for half, or a number of entries")
      }
    case .sparsity(let sparsity):
      try Self.require((0...1).contains(sparsity), "a sparsity in 0...1", "\(sparsity)", "give 0.5 for half")
    case .below(let threshold):
      try Self.require(
        threshold >= 0, "a threshold of 0 or more", "\(threshold)", "give the smallest magnitude that stays")
      if case .draws = criterion.source {
        throw Self.contradiction("a share or a number for random pruning", "a threshold", "give an amount")
      }
      try Self.require(
        distribution.atLeast == 0, "no least share beside a threshold", "\(distribution.atLeast)",
        "leave one of them out")
    }
  }

  private static func require(
    _ condition: Bool, _ expected: String, _ found: String, _ advice: String
  ) throws(RecipeError) {
    if !condition { throw contradiction(expected, found, advice) }
  }

  private static func contradiction(_ expected: String, _ found: String, _ advice: String) -> RecipeError {
    RecipeError(.contradiction, "prune", expected: expected, found: found, advice: advice)
  }
}

extension Rule {
  /// The target of a rule that prunes.
  var target: Target? { if case .prune(let target) = action { target } else { nil } }
}
