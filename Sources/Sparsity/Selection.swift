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
    var search = CutSearch(pruning: k, types: scores.map(\.type), by: ranking, nan: nan, threads: threads)
    var found: Cut?
    repeat {
      for block in scores { try search.scan(block) }
      found = try search.finishPass()
    } while found == nil
    var applier = CutApplier(found.unsafelyUnwrapped, threads: threads)
    var masks: [BitMask] = []
    for (buffer, block) in scores.enumerated() {
      masks.append(try applier.apply(to: block, writing: outputs.isEmpty ? nil : outputs[buffer]))
    }
    return masks
  }
}
