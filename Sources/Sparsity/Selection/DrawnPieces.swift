/// The pieces of tensors whose scores are drawn: each is drawn, in turn, into memory of the thread that ranks it, which
/// then finds it in its cache, while another thread draws the next.
final class DrawnPieces {
  /// Entries of a piece at most: few enough for the second cache, and not too many pieces.
  private static func pieceSize(_ count: Int) -> Int { min(1 << 18, max(1 << 16, ((count >> 10) + 63) & ~63)) }

  /// The tensors and their pieces; the scores have no place yet.
  let set: TensorSet
  private let draws: Draws
  /// The first pieces, one after the other: they are the sample, and stay until they are ranked.
  private var sample: UnsafeMutableRawBufferPointer?
  /// Where each of them begins, in entries.
  private var starts: [Int] = []
  private var isFinished = false

  init(_ draws: Draws, threads: Int?) {
    self.draws = draws
    // Never read: every piece is given a place first.
    let nowhere = UnsafeRawPointer(UnsafeMutableRawPointer(bitPattern: TensorView.blockSize).unsafelyUnwrapped)
    set = TensorSet(
      draws.counts.enumerated().filter { $1 > 0 }.map {
        TensorView(nowhere, count: $1, type: draws.type, buffer: $0)
      }, threads: threads, largestPiece: Self.pieceSize(draws.count))
  }

  deinit { sample?.deallocate() }

  private var entrySize: Int { draws.type.byteCount }

  /// Draws the first pieces, as many as a sample needs, and returns them as tensors of their own.
  func begin() -> TensorSet {
    var count = 0
    for piece in set.pieces {
      guard count < SampleSize.entries(of: set.count) else { break }
      starts.append(count)
      count += piece.range.count
    }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count * entrySize, alignment: 16)
    draws.draw(memory)
    sample = memory
    let views = starts.indices.map { index in
      let piece = set.pieces[index]
      return TensorView(
        address(memory, starts[index]), count: piece.range.count, type: draws.type, buffer: piece.buffer)
    }
    return TensorSet(views, threads: set.threads, largestPiece: Self.pieceSize(set.count))
  }

  /// Calls `body` for each piece with its number, on all threads.
  func forEachPiece(_ body: (Int, TensorSet.Piece) -> Void) {
    isFinished = true
    let lock = Lock()
    var next = 0
    let largest = set.pieces.reduce(0) { max($0, $1.range.count) }
    Parallel.perform(pieces: set.threads, threads: set.threads) { [self] _ in
      let own = UnsafeMutableRawBufferPointer.allocate(byteCount: largest * entrySize, alignment: 16)
      defer { own.deallocate() }
      while true {
        let drawn: (index: Int, place: UnsafeRawPointer)? = lock.whileLocked {
          guard next < set.pieces.count else { return nil }
          defer { next += 1 }
          if let sample, next < starts.count { return (next, address(sample, starts[next])) }
          draws.draw(UnsafeMutableRawBufferPointer(rebasing: own[..<(set.pieces[next].range.count * entrySize)]))
          return (next, address(own, 0))
        }
        guard let (index, place) = drawn else { return }
        body(index, set.pieces[index].placed(at: place))
      }
    }
  }

  /// All draws, one after the other, in memory that the caller gives back: those that are there and the rest, or, where
  /// all were drawn, the sequence from its beginning.
  func stored() -> UnsafeMutableRawBufferPointer {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: set.count * entrySize, alignment: 16)
    if isFinished { draws.restart() }
    let first = isFinished ? nil : sample
    if let first { memory.copyMemory(from: UnsafeRawBufferPointer(first)) }
    let rest = UnsafeMutableRawBufferPointer(rebasing: memory[(first?.count ?? 0)...])
    if !rest.isEmpty { draws.draw(rest) }
    return memory
  }

  private func address(_ memory: UnsafeMutableRawBufferPointer, _ entry: Int) -> UnsafeRawPointer {
    UnsafeRawPointer(memory.baseAddress.unsafelyUnwrapped) + entry * entrySize
  }
}

extension TensorSet.Piece {
  /// The piece, with its scores at an address of their own.
  fileprivate func placed(at address: UnsafeRawPointer) -> TensorSet.Piece {
    TensorSet.Piece(
      view: TensorView(address, origin: range.lowerBound, count: view.count, type: view.type, buffer: buffer),
      range: range, buffer: buffer)
  }
}
