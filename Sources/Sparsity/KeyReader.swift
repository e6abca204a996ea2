/// Reads the keys of one buffer in blocks that stay in the processor's nearest cache.
struct KeyReader<Key: FixedWidthInteger & SignedInteger & BitwiseCopyable> {
  /// Entries of a block, a multiple of 64.
  static var blockSize: Int { 2048 }

  let coder: KeyCoder<Key>
  let buffer: Int
  let base: UnsafeRawPointer
  let type: ElementType
  /// Words of the earlier mask.
  let kept: UnsafePointer<UInt64>?

  /// Calls `body` for each block of `range`, with its keys, its first entry and its size.
  ///
  /// - Parameters:
  ///   - range: Begins at a multiple of 64.
  ///   - report: Counts NaN of entries that take part, where they are refused.
  @inline(__always)
  func forEachBlock(
    of range: Range<Int>, report: inout NaNReport,
    _ body: (UnsafeMutablePointer<Key>, Int, Int) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: Key.self, capacity: min(Self.blockSize, max(range.count, 1))) { scratch in
      let keys = scratch.baseAddress.unsafelyUnwrapped
      var start = range.lowerBound
      while start < range.upperBound {
        let count = min(Self.blockSize, range.upperBound &- start)
        let source = base + start &* type.byteCount
        if coder.encode(source, type, count, into: keys), coder.nan == .refuse {
          reportNaN(source, start, count, to: &report)
        }
        body(keys, start, count)
        start &+= count
      }
    }
  }

  @inline(never)
  private func reportNaN(_ source: UnsafeRawPointer, _ start: Int, _ count: Int, to report: inout NaNReport) {
    let kept = kept
    let found = coder.findNaN(source, type, count) { index in
      guard let kept else { return true }
      return kept[(start + index) / 64] >> UInt64((start + index) % 64) & 1 == 1
    }
    if let found { report.add(found.count, buffer: buffer, index: start + found.first) }
  }

  /// Calls `body` with the position in the block of each entry that takes part, in order.
  @inline(__always)
  func forEachKept(start: Int, count: Int, _ body: (Int) -> Void) {
    guard let kept else {
      var index = 0
      while index < count {
        body(index)
        index &+= 1
      }
      return
    }
    var index = 0
    while index < count {
      var word = kept[(start &+ index) &>> 6]
      while word != 0 {
        let position = index &+ word.trailingZeroBitCount
        if position >= count { break }
        body(position)
        word &= word &- 1
      }
      index &+= 64
    }
  }
}

extension Scores {
  /// Calls `body` with a reader of the keys; the buffer must not be empty.
  func withReader<Key, R>(
    _ coder: KeyCoder<Key>, buffer: Int, _ body: (KeyReader<Key>) throws -> R
  ) rethrows -> R {
    let base = bytes.baseAddress.unsafelyUnwrapped
    guard let kept else {
      return try body(KeyReader(coder: coder, buffer: buffer, base: base, type: type, kept: nil))
    }
    return try kept.words.withUnsafeBufferPointer { words in
      try body(KeyReader(coder: coder, buffer: buffer, base: base, type: type, kept: words.baseAddress))
    }
  }
}
