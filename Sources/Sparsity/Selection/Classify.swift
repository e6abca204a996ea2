/// Three values that part keys: those above `middle`, and those within `low...high`.
struct KeyBounds<Key: SelectionKey> {
  let low: Key.Lanes
  let middle: Key.Lanes
  let high: Key.Lanes

  /// - Parameter lowest: A key that none lies below, or one less: bounds may be taken off keys without overflow.
  fileprivate init(low: Key, middle: Key, high: Key, lowest: Key) {
    self.low = Key.Lanes(repeating: max(low, lowest))
    self.middle = Key.Lanes(repeating: max(middle, lowest))
    self.high = Key.Lanes(repeating: max(high, lowest))
  }
}

extension KeyRule {
  /// Bounds for the keys of this rule.
  func bounds(low: Key, middle: Key, high: Key) -> KeyBounds<Key> {
    KeyBounds(low: low, middle: middle, high: high, lowest: Self.hasNonnegativeKeys ? -1 : Key.min)
  }

  /// The bounds that tell keys above, equal to and below one key.
  func bounds(_ key: Int64) -> KeyBounds<Key> {
    let key = Key(truncatingIfNeeded: key)
    return bounds(low: key, middle: key, high: key)
  }
}

/// The words of one block: one bit an entry, the first entry lowest.
struct BlockWords {
  /// Whether the key is above the middle.
  let above: UnsafeMutablePointer<UInt64>
  /// Whether the key lies inside low...high.
  let inside: UnsafeMutablePointer<UInt64>

  /// Calls `body` with memory for one block.
  static func with<R>(_ body: (BlockWords) -> R) -> R {
    let size = TensorView.blockSize / 64
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * size) { scratch in
      let base = scratch.baseAddress.unsafelyUnwrapped
      return body(BlockWords(above: base, inside: base + size))
    }
  }
}

extension KeyRule {
  /// Compares one block of values with the bounds.
  ///
  /// - Parameters:
  ///   - source: Values of the order's domain; needs no alignment.
  ///   - count: At most ``TensorView/blockSize``.
  ///   - words: Receives `(count + 63) / 64` words; bits beyond `count` are 0.
  /// - Returns: Whether any value is NaN.
  @inline(__always)
  func classify(_ source: UnsafeRawPointer, _ count: Int, _ bounds: KeyBounds<Key>, into words: BlockWords) -> Bool {
    if let kernels = EntryKernels.table {
      return withUnsafePointer(to: order.kernel) { keys in
        kernels.pointee.classify(
          keys, source, Int64(count), Int64(bounds.low[0]), Int64(bounds.middle[0]), Int64(bounds.high[0]), words.above,
          words.inside)
      }
    }
    var excess = Key.Lanes(repeating: 0)
    let size = BitMask.wordCount(count)
    var word = 0
    while word &* 64 &+ 64 <= count {
      let rows = rows(source + word &* 64 &* MemoryLayout<Key>.size, bounds, excess: &excess)
      words.above[word] = rows.above[0] | rows.above[1]
      words.inside[word] = ~(rows.outside[0] | rows.outside[1])
      word &+= 1
    }
    if word < size { classifyTail(source, word, count, bounds, into: words, excess: &excess) }
    // Loops of their own, which the compiler turns into vectors; next to the comparisons it would not.
    transpose(words.above, size)
    transpose(words.inside, size)
    if count & 63 != 0 {
      words.above[size &- 1] &= lowBits(count & 63)
      words.inside[size &- 1] &= lowBits(count & 63)
    }
    return anyNegative(excess)
  }

  /// The last word, filled up with zeros.
  @inline(never)
  private func classifyTail(
    _ source: UnsafeRawPointer, _ word: Int, _ count: Int, _ bounds: KeyBounds<Key>, into words: BlockWords,
    excess: inout Key.Lanes
  ) {
    withUnsafeTemporaryAllocation(of: Key.self, capacity: 64) { scratch in
      scratch.initialize(repeating: 0)
      let size = MemoryLayout<Key>.size
      let padded = UnsafeMutableRawPointer(scratch.baseAddress.unsafelyUnwrapped)
      padded.copyMemory(from: source + word * 64 * size, byteCount: (count - word * 64) * size)
      let rows = rows(padded, bounds, excess: &excess)
      words.above[word] = rows.above[0] | rows.above[1]
      words.inside[word] = ~(rows.outside[0] | rows.outside[1])
    }
  }

  /// Compares 64 values. Bit j of byte i says how entry `8 * j + i` compares, for even j in the first and for odd j in
  /// the second half.
  @inline(__always)
  private func rows(
    _ source: UnsafeRawPointer, _ bounds: KeyBounds<Key>, excess: inout Key.Lanes
  ) -> (above: SIMD2<UInt64>, outside: SIMD2<UInt64>) {
    var above = SIMD2<UInt64>()
    var outside = SIMD2<UInt64>()
    var select = SIMD2<UInt64>(0x0101_0101_0101_0101, 0x0202_0202_0202_0202)
    var part = 0
    while part < 4 {
      let from = source + part &* (16 &* MemoryLayout<Key>.size)
      let bytes = compare16(bounds, excess: &excess) { vector in
        from.loadUnaligned(fromByteOffset: vector &* 16, as: Key.Lanes.self)
      }
      above |= unsafeBitCast(bytes.above, to: SIMD2<UInt64>.self) & select
      outside |= unsafeBitCast(bytes.outside, to: SIMD2<UInt64>.self) & select
      select = select &<< 2
      part &+= 1
    }
    return (above, outside)
  }

  /// Compares sixteen values; each byte of the results is all ones or zero.
  @inline(__always)
  private func compare16(
    _ bounds: KeyBounds<Key>, excess: inout Key.Lanes, _ load: (Int) -> Key.Lanes
  ) -> (above: SIMD16<UInt8>, outside: SIMD16<UInt8>) {
    if Self.hasNonnegativeKeys, Key.comparesSlowly {
      // Differences of keys that are not negative do not overflow: their signs are the comparison.
      let above = Key.negative16 { Key.subtract(bounds.middle, keys(load($0), excess: &excess)) }
      let outside = Key.negative16 { vector in
        var unused = excess
        let keys = self.keys(load(vector), excess: &unused)
        return Key.or(Key.subtract(bounds.high, keys), Key.subtract(keys, bounds.low))
      }
      return (above, outside)
    }
    // Taking the lower bound off, less half the range, leaves one signed comparison for both ends.
    let bias = Key.subtract(bounds.low, Key.Lanes(repeating: Key.min))
    let width = Key.subtract(bounds.high, bias)
    let above = Key.greater16(bounds.middle) { keys(load($0), excess: &excess) }
    let outside = Key.greater16(width) { vector in
      var unused = excess
      return Key.subtract(keys(load(vector), excess: &unused), bias)
    }
    return (above, outside)
  }
}

/// Turns bit `8 * i + j` of each word into bit `8 * j + i`.
@inline(__always)
private func transpose(_ words: UnsafeMutablePointer<UInt64>, _ count: Int) {
  var index = 0
  while index < count {
    var x = words[index]
    var swap = (x ^ (x &>> 7)) & 0x00aa_00aa_00aa_00aa
    x = x ^ swap ^ (swap &<< 7)
    swap = (x ^ (x &>> 14)) & 0x0000_cccc_0000_cccc
    x = x ^ swap ^ (swap &<< 14)
    swap = (x ^ (x &>> 28)) & 0x0000_0000_f0f0_f0f0
    words[index] = x ^ swap ^ (swap &<< 28)
    index &+= 1
  }
}
