/// Scores that are drawn at random: one sequence over all tensors, of which only what is being ranked lies in memory.
///
/// Where many draws are equal, or the first ones turn out not to stand for all, all of them are needed at once, and then
/// they do lie in memory.
public struct Draws {
  /// The number of entries of each tensor.
  public let counts: [Int]
  /// The type of one draw.
  public let type: ElementType
  /// Fills memory with the next draws of the sequence.
  let draw: (UnsafeMutableRawBufferPointer) -> Void
  /// Begins the same sequence again.
  let restart: () -> Void

  /// Draws for tensors.
  ///
  /// - Parameters:
  ///   - counts: The number of entries of each tensor; 0 is fine.
  ///   - type: The type of one draw.
  ///   - restart: Begins the sequence again. It is called, at most once and after all draws, where the first ones
  ///     misled: about once in four hundred calls for draws that are alike.
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
  /// ranked: beside the results it takes at most a megabyte or two for each thread, and the entries near the cut.
  ///
  /// - Parameters:
  ///   - k: The number of entries that go, 0 or more and at most as many as there are.
  ///   - draws: The scores. All are drawn, whatever `k` is, so that the sequence ends at the same place.
  ///   - ranking: Which entries go first.
  ///   - threads: The most threads to use; all processors when nil. The result is the same for any number.
  ///   - outputs: Dense masks and masked weights to write in the same pass: none, or one for each tensor.
  /// - Returns: For each tensor the entries that stay.
  /// - Throws: ``SelectionError``, also where a draw is NaN; nothing is ranked for a `k` of 0.
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
    let pieces = DrawnPieces(draws, threads: threads)
    if k == 0 {
      pieces.forEachPiece { _, _ in }
      let masks = draws.counts.map { BitMask(repeating: true, count: $0) }
      for (mask, output) in zip(masks, outputs) { output.write(mask) }
      return masks
    }
    // Where masked weights replace weights, those must stay until the cut is certain.
    let inPlace = outputs.contains { output in outputs.contains { output.overlaps($0.weights) } }
    let target = SelectionTarget(draws.counts, outputs: inPlace ? [] : outputs)
    var selection = BracketSelection(set: pieces.set, target: target, k: k, available: draws.count, draws: pieces)
    switch KeyOrder(types: [draws.type], ranking: ranking, nan: .refuse).visit(&selection) {
    case .done: return target.masks(writing: inPlace ? outputs : [])
    case .nan(let report): try report.check()
    case .found, .missed: break
    }
    let memory = pieces.stored()
    defer { memory.deallocate() }
    var start = 0
    let scores = draws.counts.map { count in
      let end = start + count * draws.type.byteCount
      defer { start = end }
      return Scores(bytes: UnsafeRawBufferPointer(rebasing: memory[start..<end]), type: draws.type)
    }
    return try prune(k, of: scores, by: ranking, threads: threads, writing: outputs)
  }
}
