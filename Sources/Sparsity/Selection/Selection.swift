/// Exact selection of the least important entries of tensors in memory.
public enum Selection {
  /// Prunes exactly the `k` least important of the entries that are still kept, over all buffers together.
  ///
  /// The flat order, which settles ties, is the order of the buffers, then of the entries within one. Buffers of
  /// different types are compared as PyTorch promotes them. Two zeros are equal whatever their signs.
  ///
  /// ```swift
  /// let weights: [Float] = [0.5, -0.1, 0.1, -2]
  /// let masks = try weights.withUnsafeBufferPointer { try Selection.prune(2, of: [Scores($0)]) }
  /// // masks[0] keeps 1 0 0 1
  /// ```
  ///
  /// - Parameters:
  ///   - k: The number of entries that go, 0 or more and at most as many as take part.
  ///   - scores: One element for each tensor; empty tensors are fine.
  ///   - ranking: Which entries go first.
  ///   - nan: What to do with NaN among the entries that take part.
  ///   - threads: The most threads to use; all processors when nil. The result is the same for any number.
  ///   - outputs: Dense masks and masked weights to write in the same pass: none, or one for each tensor. They may
  ///     not overlap the scores of another tensor.
  /// - Returns: For each tensor the entries that stay: `k` fewer than took part.
  /// - Throws: ``SelectionError``.
  public static func prune(
    _ k: Int, of scores: [Scores], by ranking: Ranking = .magnitude, nan: NaNRule = .refuse, threads: Int? = nil,
    writing outputs: [DenseOutput] = []
  ) throws(SelectionError) -> [BitMask] {
    precondition(
      outputs.isEmpty || outputs.count == scores.count,
      "Selection.prune: expected no outputs or \(scores.count), found \(outputs.count)")
    var available = 0
    for (buffer, block) in scores.enumerated() {
      try block.validate(buffer: buffer)
      if !outputs.isEmpty { try outputs[buffer].validate(buffer: buffer, count: block.count) }
      available += block.keptCount
    }
    guard k >= 0, k <= available else { throw .countOutOfRange(found: k, available: available) }
    return try withExtendedLifetime(scores) { () throws(SelectionError) in
      try prune(k, available, scores, KeyOrder(types: scores.map(\.type), ranking: ranking, nan: nan), threads, outputs)
    }
  }

  private static func prune(
    _ k: Int, _ available: Int, _ scores: [Scores], _ order: KeyOrder, _ threads: Int?, _ outputs: [DenseOutput]
  ) throws(SelectionError) -> [BitMask] {
    let set = TensorSet(scores, threads: threads)
    // Where masked weights replace weights or scores, those must stay until the cut is certain.
    let inPlace = outputs.contains { output in
      scores.contains { output.overlaps($0.bytes) } || outputs.contains { output.overlaps($0.weights) }
    }
    let target = SelectionTarget(scores.map(\.count), outputs: inPlace ? [] : outputs)
    var outcome = BracketSelection.Outcome.missed
    if k > 0 {
      var selection = BracketSelection(set: set, target: target, k: k, available: available)
      outcome = order.visit(&selection)
    }
    switch outcome {
    case .done: break
    case .nan(let report): try report.check()
    case .found(let cut, let ties): _ = set.apply(cut, quota: cut.quota, ties: ties, to: target)
    case .missed:
      let cut = try search(k, scores, order, threads)
      _ = set.apply(cut, quota: cut.quota, to: target)
    }
    return target.masks(writing: inPlace ? outputs : [])
  }

  private static func search(
    _ k: Int, _ scores: [Scores], _ order: KeyOrder, _ threads: Int?
  ) throws(SelectionError) -> Cut {
    var search = CutSearch(
      pruning: k, types: scores.map(\.type), by: order.ranking, nan: order.nan, threads: threads)
    while true {
      for block in scores { try search.scan(block) }
      if let cut = try search.finishPass() { return cut }
    }
  }
}
