/// Three values that part keys: those above `middle`, and those within `low...high`.
struct KeyBounds<Key: SelectionKey> {
  let middle: Key.Lanes
  /// `low` less half the range, so that one signed comparison tests both ends.
  let biasedLow: Key.Lanes
  let biasedWidth: Key.Lanes

  init(low: Key, middle: Key, high: Key) {
    self.middle = Key.Lanes(repeating: middle)
    biasedLow = Key.Lanes(repeating: low &- Key.min)
    biasedWidth = Key.Lanes(repeating: (high &- low) &+ Key.min)
  }

  /// The bounds that tell keys above, equal to and below one key.
  init(_ key: Key) {
    self.init(low: key, middle: key, high: key)
  }
}

extension KeyRule {
  /// Compares 64 entries.
  ///
  /// - Parameters:
  ///   - source: 64 values of the order's domain; needs no alignment.
  ///   - excess: A lane becomes negative for a NaN.
  /// - Returns: One bit an entry, the first entry lowest: whether its key is above the middle, and whether it is
  ///   inside low...high.
  @inline(__always)
  func classify64(
    _ source: UnsafeRawPointer, _ bounds: KeyBounds<Key>, excess: inout Key.Lanes
  ) -> (above: UInt64, inside: UInt64) {
    var above = SIMD2<UInt64>()
    var outside = SIMD2<UInt64>()
    var part = 0
    var select = SIMD2<UInt64>(0x0101_0101_0101_0101, 0x0202_0202_0202_0202)
    while part < 4 {
      let from = source + part &* (16 &* MemoryLayout<Key>.size)
      let greater = Key.greater16(bounds.middle) { vector in
        keys(from.loadUnaligned(fromByteOffset: vector &* 16, as: Key.Lanes.self), excess: &excess)
      }
      let beyond = Key.greater16(bounds.biasedWidth) { vector in
        var unused = excess
        let bits = from.loadUnaligned(fromByteOffset: vector &* 16, as: Key.Lanes.self)
        return Key.subtract(keys(bits, excess: &unused), bounds.biasedLow)
      }
      above |= unsafeBitCast(greater, to: SIMD2<UInt64>.self) & select
      outside |= unsafeBitCast(beyond, to: SIMD2<UInt64>.self) & select
      select = select &<< 2
      part &+= 1
    }
    let rows = SIMD2<UInt64>(above[0] | above[1], outside[0] | outside[1])
    let flat = transpose8x8(rows)
    return (flat[0], ~flat[1])
  }

  /// Compares up to 64 entries; bits beyond them are 0.
  @inline(never)
  func classifyTail(
    _ source: UnsafeRawPointer, _ count: Int, _ bounds: KeyBounds<Key>, excess: inout Key.Lanes
  ) -> (above: UInt64, inside: UInt64) {
    withUnsafeTemporaryAllocation(of: Key.self, capacity: 64) { scratch in
      scratch.initialize(repeating: 0)
      let padded = UnsafeMutableRawPointer(scratch.baseAddress.unsafelyUnwrapped)
      padded.copyMemory(from: source, byteCount: count &* MemoryLayout<Key>.size)
      let words = classify64(padded, bounds, excess: &excess)
      return (words.above & lowBits(count), words.inside & lowBits(count))
    }
  }
}

/// Turns bit `8 * i + j` into bit `8 * j + i`, in both words.
@inline(__always)
func transpose8x8(_ words: SIMD2<UInt64>) -> SIMD2<UInt64> {
  var x = words
  var swap = (x ^ (x &>> 7)) & 0x00aa_00aa_00aa_00aa
  x = x ^ swap ^ (swap &<< 7)
  swap = (x ^ (x &>> 14)) & 0x0000_cccc_0000_cccc
  x = x ^ swap ^ (swap &<< 14)
  swap = (x ^ (x &>> 28)) & 0x0000_0000_f0f0_f0f0
  return x ^ swap ^ (swap &<< 28)
}

extension KeyRule {
  /// Calls `body` for each 64 entries with the position of the first and the words of ``classify64(_:_:excess:)``.
  @inline(__always)
  func forEachWord(
    _ source: UnsafeRawPointer, _ count: Int, _ bounds: KeyBounds<Key>, excess: inout Key.Lanes,
    _ body: (Int, UInt64, UInt64) -> Void
  ) {
    var index = 0
    while index &+ 64 <= count {
      let words = classify64(source + index &* MemoryLayout<Key>.size, bounds, excess: &excess)
      body(index, words.above, words.inside)
      index &+= 64
    }
    if index < count {
      let rest = source + index &* MemoryLayout<Key>.size
      let words = classifyTail(rest, count &- index, bounds, excess: &excess)
      body(index, words.above, words.inside)
    }
  }
}
