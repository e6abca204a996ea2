/// All tensors of one selection, divided into pieces for the threads.
struct TensorSet {
  /// A range of one tensor, beginning at a multiple of 64.
  struct Piece {
    let view: TensorView
    let range: Range<Int>
    /// The place of the tensor among the words and outputs of the selection.
    let buffer: Int
  }

  /// Tensors that are not empty.
  let views: [TensorView]
  /// In flat order.
  let pieces: [Piece]
  let threads: Int
  /// Entries of all tensors.
  let count: Int

  init(_ scores: [Scores], threads: Int?) {
    // At most 2^24 entries, so that indices fit 32 bits.
    self.init(
      scores.enumerated().filter { $1.count > 0 }.map { TensorView($1, buffer: $0) }, threads: threads,
      largestPiece: 1 << 24)
  }

  /// Views that are not empty, in pieces of at most `largestPiece` entries, a multiple of 64.
  init(_ views: [TensorView], threads requested: Int?, largestPiece: Int) {
    count = views.reduce(0) { $0 + $1.count }
    threads = Parallel.threads(requested, entries: count)
    // Several pieces for each thread, so that none waits long.
    let size =
      threads == 1
      ? largestPiece : min(largestPiece, max(Parallel.smallestShare, (count / (threads * 4) + 64) & ~63))
    var pieces: [Piece] = []
    for view in views {
      for start in stride(from: 0, to: view.count, by: size) {
        pieces.append(Piece(view: view, range: start..<min(view.count, start + size), buffer: view.buffer))
      }
    }
    self.views = views
    self.pieces = pieces
  }

  /// Calls `body` for each piece with its number, on all threads.
  func forEachPiece(_ body: (Int, Piece) -> Void) {
    pieces.withUnsafeBufferPointer { pieces in
      Parallel.perform(pieces: pieces.count, threads: threads) { body($0, pieces[$0]) }
    }
  }
}

/// Where a selection writes: the words of each tensor, and dense results where they are wanted.
struct SelectionTarget {
  let words: [WordStorage]
  /// Empty, or one for each tensor.
  let outputs: [DenseOutput]

  private let counts: [Int]

  init(_ counts: [Int], outputs: [DenseOutput]) {
    words = counts.map { WordStorage(uninitialized: BitMask.wordCount($0)) }
    self.outputs = outputs
    self.counts = counts
  }

  func output(_ buffer: Int) -> DenseOutput? { outputs.isEmpty ? nil : outputs[buffer] }

  /// The masks, once their words are written.
  /// - Parameter late: Dense results that could not be written beside them: none, or one for each tensor.
  func masks(writing late: [DenseOutput] = []) -> [BitMask] {
    let masks = zip(words, counts).map { BitMask($0, count: $1) }
    for (mask, output) in zip(masks, late) { output.write(mask) }
    return masks
  }
}
