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

  init(_ scores: [Scores], threads requested: Int?, piecesPerThread: Int = 4) {
    let total = scores.reduce(0) { $0 + $1.count }
    let threads = Parallel.threads(requested, entries: total)
    // Several pieces for each thread, so that none waits long; at most 2^24 entries, so that indices fit 32 bits.
    let size =
      threads == 1
      ? 1 << 24 : min(1 << 24, max(Parallel.smallestShare, (total / (threads * piecesPerThread) + 64) & ~63))
    var views: [TensorView] = []
    var pieces: [Piece] = []
    for (buffer, block) in scores.enumerated() where block.count > 0 {
      let view = TensorView(block, buffer: buffer)
      views.append(view)
      var start = 0
      while start < block.count {
        let end = min(block.count, start + size)
        pieces.append(Piece(view: view, range: start..<end, buffer: buffer))
        start = end
      }
    }
    self.views = views
    self.pieces = pieces
    self.threads = threads
    count = total
  }

  /// The tensors as far as the first pieces reach.
  private init(_ set: TensorSet, pieces size: Int) {
    pieces = Array(set.pieces[..<size])
    threads = set.threads
    var views: [TensorView] = []
    for piece in pieces {
      if views.last?.buffer == piece.buffer { views.removeLast() }
      views.append(piece.view.prefix(piece.range.upperBound))
    }
    self.views = views
    count = views.reduce(0) { $0 + $1.count }
  }

  /// The tensors as far as the first pieces reach.
  func prefix(pieces size: Int) -> TensorSet { TensorSet(self, pieces: size) }

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

  init(_ scores: [Scores], outputs: [DenseOutput]) {
    words = scores.map { WordStorage(uninitialized: BitMask.wordCount($0.count)) }
    self.outputs = outputs
  }

  func output(_ buffer: Int) -> DenseOutput? { outputs.isEmpty ? nil : outputs[buffer] }
}
