/// Scores that are drawn at random, piece after piece, while other pieces are ranked: drawing is one long sequence, and
/// takes several times as long as ranking.
final class TensorDraws {
  private let set: TensorSet
  private let draw: (Int, Range<Int>) -> Void
  /// Pieces that are drawn.
  private var size = 0

  init(_ set: TensorSet, _ draw: @escaping (Int, Range<Int>) -> Void) {
    self.set = set
    self.draw = draw
  }

  private var isFinished: Bool { size == set.pieces.count }

  private func drawNext() {
    draw(set.pieces[size].buffer, set.pieces[size].range)
    size += 1
  }

  /// Draws what is left.
  func finish() { while !isFinished { drawNext() } }

  /// Draws a first part of all tensors, whose entries can stand for the rest: at least a sixteenth, or everything for one
  /// thread.
  func begin() -> TensorSet {
    var count = 0
    while !isFinished, count < set.count / 16 || set.threads == 1 {
      count += set.pieces[size].range.count
      drawNext()
    }
    return set.prefix(pieces: size)
  }

  /// Calls `body` for each piece with its number, on all threads, while one of them draws the next piece.
  func forEachPiece(_ body: (Int, TensorSet.Piece) -> Void) {
    var done = 0
    while done < set.pieces.count {
      let ready = done..<size
      let isDrawing = !isFinished
      Parallel.perform(pieces: ready.count + (isDrawing ? 1 : 0), threads: set.threads) { [self] index in
        if isDrawing, index == 0 { return drawNext() }
        let piece = ready.lowerBound + index - (isDrawing ? 1 : 0)
        body(piece, set.pieces[piece])
      }
      done = ready.upperBound
    }
  }
}
