/// Scores that are drawn at random: one sequence over all tensors, of which only what is being ranked lies in memory.
public struct Draws {
  /// The number of entries of each tensor.
  public let counts: [Int]
  /// The type of one draw.
  public let type: ElementType
  /// Fills memory with the next draws of the sequence.
  let draw: (UnsafeMutableRawBufferPointer) -> Void
  /// Goes back to the beginning.
  let restart: () -> Void

  /// Draws for tensors.
  ///
  /// - Parameters:
  ///   - counts: The number of entries of each tensor; 0 is fine.
  ///   - type: The type of one draw.
  ///   - restart: Puts the sequence back to its beginning. It is called where the first draws turn out not to stand for
  ///     all, which is rare.
  ///   - draw: Fills memory with the next draws. It is called on any thread, but by one at a time.
  public init(
    _ counts: [Int], type: ElementType, restart: @escaping () -> Void,
    draw: @escaping (UnsafeMutableRawBufferPointer) -> Void
  ) {
    precondition(counts.allSatisfy { $0 >= 0 }, "Draws: expected counts of 0 or more, found \(counts)")
    self.counts = counts
    self.type = type
    self.draw = draw
    self.restart = restart
  }

  /// Entries of all tensors.
  public var count: Int { counts.reduce(0, +) }
}

extension Selection {
  /// Prunes exactly the `k` least important of entries whose scores are drawn.
  ///
  /// The masks are those of ``prune(_:of:by:nan:threads:writing:)`` on the same draws, which are drawn while others are
  /// ranked and never lie in memory together: beside the results it takes a few hundred kilobytes for each thread and
  /// the entries near the cut.
  ///
  /// - Parameters:
  ///   - k: The number of entries that go, 0 or more and at most as many as there are.
  ///   - draws: The scores. All are drawn once, whatever `k` is, so that the sequence ends at the same place.
  ///   - ranking: Which entries go first.
  ///   - threads: The most threads to use; all processors when nil. The result is the same for any number.
  ///   - outputs: Dense masks and masked weights to write in the same pass: none, or one for each tensor.
  /// - Returns: For each tensor the entries that stay.
  /// - Throws: ``SelectionError``, also where a draw is NaN.
  public static func prune(
    _ k: Int, of draws: Draws, by ranking: Ranking = .value, threads: Int? = nil, writing outputs: [DenseOutput] = []
  ) throws(SelectionError) -> [BitMask] {
    precondition(
      outputs.isEmpty || outputs.count == draws.counts.count,
      "Selection.prune: expected no outputs or \(draws.counts.count), found \(outputs.count)")
    for (buffer, output) in outputs.enumerated() {
      try output.validate(buffer: buffer, count: draws.counts[buffer])
    }
    guard k >= 0, k <= draws.count else { throw .countOutOfRange(found: k, available: draws.count) }
    // Where masked weights replace weights, those must stay until the cut is certain.
    let inPlace = outputs.contains { output in outputs.contains { output.overlaps($0.weights) } }
    if k > 0 {
      let target = SelectionTarget(draws.counts, outputs: inPlace ? [] : outputs)
      let pieces = DrawnPieces(draws, threads: threads)
      var selection = BracketSelection(set: pieces.set, target: target, k: k, available: draws.count, draws: pieces)
      switch KeyOrder(types: [draws.type], ranking: ranking, nan: .refuse).visit(&selection) {
      case .done:
        return target.masks(writing: inPlace ? outputs : [])
      case .nan(let report): try report.check()
      case .found, .missed: draws.restart()
      }
    }
    return try pruneStored(k, draws, ranking, threads, outputs)
  }

  /// Draws everything first.
  private static func pruneStored(
    _ k: Int, _ draws: Draws, _ ranking: Ranking, _ threads: Int?, _ outputs: [DenseOutput]
  ) throws(SelectionError) -> [BitMask] {
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: draws.count * draws.type.byteCount, alignment: 16)
    defer { memory.deallocate() }
    draws.draw(memory)
    var start = 0
    let scores = draws.counts.map { count in
      defer { start += count * draws.type.byteCount }
      return Scores(
        bytes: UnsafeRawBufferPointer(rebasing: memory[start..<start + count * draws.type.byteCount]), type: draws.type)
    }
    return try prune(k, of: scores, by: ranking, threads: threads, writing: outputs)
  }
}
