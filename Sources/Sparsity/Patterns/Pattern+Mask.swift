extension Pattern {
  /// The mask of one tensor: the least important units of the pattern go.
  ///
  /// ```swift
  /// let mask = try Pattern.nOfM(2, 4).mask(of: scores, shape: [64, 128])
  /// let rows = try Pattern.structured(dim: 0).mask(pruning: 0.5, of: scores, shape: [64, 128])
  /// ```
  ///
  /// The amount acts on the units that still take part: entries the earlier mask keeps, channels and blocks of which
  /// it keeps any entry. A channel or block is as important as the norm of its entries, pruned ones counted as 0. Of
  /// equal units the first goes. `nOfM` prunes until `n` of each group are left; entries that are pruned already count.
  ///
  /// - Parameters:
  ///   - amount: How much goes; nil for a pattern that fixes it.
  ///   - scores: The score of each entry, and the earlier mask.
  ///   - shape: The tensor's shape, row-major.
  ///   - ranking: Which entries go first; channels and blocks of the smallest norm always do.
  ///   - reduction: How the scores of entries rank their channel or block.
  ///   - nan: What to do with NaN among the scores, or among the norms.
  ///   - threads: The most threads to use; all processors when nil.
  /// - Returns: A mask over all entries, never keeping what the earlier mask prunes.
  /// - Throws: ``PatternError``.
  public func mask(
    pruning amount: Amount? = nil, of scores: Scores, shape: [Int], by ranking: Ranking = .magnitude,
    _ reduction: Reduction = .norm(2), nan: NaNRule = .refuse, threads: Int? = nil
  ) throws(PatternError) -> BitMask {
    try validate(for: shape)
    try ranked { () throws(SelectionError) in try scores.validate(buffer: 0) }
    guard shape.allSatisfy({ $0 >= 0 }), scores.count == shape.reduce(1, *) else {
      throw .shape(shape, entries: scores.count)
    }
    guard fixesAmount == (amount == nil) else { throw .amount(given: amount != nil, pattern: self) }
    switch self {
    case .unstructured:
      let k = try entries(amount, of: scores.keptCount)
      return try ranked { () throws(SelectionError) in
        try Selection.prune(k, of: [scores], by: ranking, nan: nan, threads: threads)[0]
      }
    case .nOfM(let n, let m, _):
      let stride = bandCount(in: shape) / m
      return try ranked { () throws(SelectionError) in
        guard stride > 1, scores.count > 0 else {
          return try Selection.keep(n, ofEach: m, scores, by: ranking, nan: nan, threads: threads)
        }
        return try StridedGroups(size: m, stride: stride).keep(n, scores, by: ranking, nan: nan, threads: threads)
      }
    case .structured, .block:
      guard let units = PatternUnits(self, of: shape) else { preconditionFailure("\(self) has no units") }
      let earlier = scores.kept.map(units.open)
      let k = try entries(amount, of: earlier?.keptCount ?? units.count)
      let values = units.scores(of: scores, reduction, threads: threads)
      let survivors = try ranked { () throws(SelectionError) in
        try Selection.prune(k, ofUnits: values, kept: earlier, nan: nan)
      }
      let mask = units.expanded(survivors)
      return scores.kept.map { mask.intersection($0) } ?? mask
    }
  }

  private func entries(_ amount: Amount?, of available: Int) throws(PatternError) -> Int {
    do throws(AmountError) {
      return try amount?.entries(of: available) ?? 0
    } catch {
      throw .invalidAmount(error)
    }
  }

  private func ranked<R>(_ body: () throws(SelectionError) -> R) throws(PatternError) -> R {
    do throws(SelectionError) {
      return try body()
    } catch {
      throw .selection(error)
    }
  }
}

extension Selection {
  /// Prunes the `k` least important of channels or blocks, which of equal ones come first.
  ///
  /// - Parameters:
  ///   - k: The number of units that go.
  ///   - scores: One score for each unit; the smallest go first.
  ///   - kept: The units that take part, for example ``BitMask/keptChannels(alongDimension:of:)`` of an earlier mask.
  ///   - nan: What to do with NaN.
  /// - Returns: The units that stay.
  public static func prune(
    _ k: Int, ofUnits scores: [Double], kept: BitMask? = nil, nan: NaNRule = .refuse
  ) throws(SelectionError) -> BitMask {
    try scores.withUnsafeBufferPointer { (scores) throws(SelectionError) in
      try prune(k, of: [Scores(scores, kept: kept)], by: .value, nan: nan)[0]
    }
  }
}
