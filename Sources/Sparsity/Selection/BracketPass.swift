/// Entries inside the bracket, met by one piece of a pass.
final class Candidates<Key: SelectionKey> {
  /// Values of the domain, later their keys.
  private(set) var keys: UnsafeMutablePointer<Key>
  /// Flat indices less the first entry of the piece.
  private(set) var indices: UnsafeMutablePointer<UInt32>
  private(set) var capacity: Int
  var count = 0

  init(capacity: Int) {
    self.capacity = capacity
    keys = .allocate(capacity: capacity)
    indices = .allocate(capacity: capacity)
  }

  deinit {
    keys.deallocate()
    indices.deallocate()
  }

  /// Makes room for `more` entries.
  func reserve(_ more: Int) {
    if count + more > capacity { move(max(capacity * 2, count + more)) }
  }

  /// Gives back room that is not needed, where it is more than half.
  func shrink() {
    if capacity > 2 * count + 64 { move(count) }
  }

  private func move(_ capacity: Int) {
    let other = Candidates(capacity: capacity)
    other.keys.initialize(from: keys, count: count)
    other.indices.initialize(from: indices, count: count)
    swap(&keys, &other.keys)
    swap(&indices, &other.indices)
    swap(&self.capacity, &other.capacity)
  }
}

/// What one piece of a pass found.
struct BracketShare<Key: SelectionKey> {
  /// Entries that take part and lie above the middle.
  var above = 0
  let candidates: Candidates<Key>
  /// How many candidates lie in each of the ``KeySlices`` of the bracket.
  var bins: [UInt32] = []
  /// Candidates up to the middle.
  var notAbove = 0
  /// Whether there were too many candidates to gather.
  var overflow = false
  var report = NaNReport()
}

extension KeyRule {
  /// Reads one piece once: writes for each entry whether it lies above the middle of the bracket, and gathers the
  /// entries inside the bracket, about which that may turn out wrong.
  @inline(__always)
  func bracketPass(
    _ piece: TensorSet.Piece, low: Key, middle: Key, high: Key, expected: Int,
    into target: UnsafeMutablePointer<UInt64>, _ output: DenseOutput?
  ) -> BracketShare<Key> {
    let (view, range) = (piece.view, piece.range)
    let bounds = bounds(low: low, middle: middle, high: high)
    let candidates = Candidates<Key>(capacity: expected + TensorView.blockSize + 2)
    let limit = range.count / 4 + TensorView.blockSize
    var share = BracketShare(candidates: candidates)
    BlockWords.with { block in
      view.forEachBlock(order, range, report: &share.report) { values, start, count in
        let anyNaN = classify(values, count, bounds, into: block)
        let size = BitMask.wordCount(count)
        let words = target + start &>> 6
        if let kept = view.kept {
          for word in 0..<size {
            block.above[word] &= kept[start &>> 6 &+ word]
            block.inside[word] &= kept[start &>> 6 &+ word]
          }
        }
        for word in 0..<size { words[word] = block.above[word] }
        share.above &+= countBits(words, size)
        if candidates.count > limit { share.overflow = true }
        if share.overflow { candidates.count = 0 }
        candidates.append(block.inside, size, values, start &- range.lowerBound)
        output?.write(words, start: start, count: count)
        return anyNaN
      }
    }
    candidates.shrink()
    _ = encode(candidates.keys, candidates.count, into: candidates.keys)
    share.notAbove = candidates.count(in: Key.min...middle)
    share.bins = candidates.histogram(KeySlices(low: low, high: high))
    return share
  }
}

extension Candidates {
  /// Appends the values of a block whose bits are set.
  ///
  /// - Parameter first: The place of the block in its piece.
  @inline(__always)
  func append(_ bits: UnsafePointer<UInt64>, _ size: Int, _ values: UnsafeRawPointer, _ first: Int) {
    reserve(size &* 64 &+ 2)
    let (keys, indices) = (keys, indices)
    var count = count
    if let kernels = EntryKernels.table {
      count &+= Int(
        kernels.pointee.gather(
          bits, Int64(size), values, Int32(MemoryLayout<Key>.size), UInt32(truncatingIfNeeded: first), keys + count,
          indices + count))
      self.count = count
      return
    }
    for word in 0..<size {
      var rest = bits[word]
      // The first two are written whether they exist or not, since a branch would be mispredicted in most words;
      // more than two are rare.
      var written = 0
      while written < 2 || rest != 0 {
        let position = word &* 64 &+ (rest.trailingZeroBitCount & 63)
        keys[count] = values.loadUnaligned(fromByteOffset: position &* MemoryLayout<Key>.size, as: Key.self)
        indices[count] = UInt32(truncatingIfNeeded: first &+ position)
        count &+= rest == 0 ? 0 : 1
        rest &= rest &- 1
        written &+= 1
      }
    }
    self.count = count
  }
}
