// Runs of bits at any position of packed words.

/// Sets the bits of a range.
func setBits(_ words: UnsafeMutableBufferPointer<UInt64>, _ range: Range<Int>) {
  var index = range.lowerBound
  while index < range.upperBound {
    let bit = index & 63
    let length = min(64 - bit, range.upperBound - index)
    words[index >> 6] |= lowBits(length) << UInt64(bit)
    index += length
  }
}

/// Whether any bit of a range is set.
func anyBit(_ words: UnsafeBufferPointer<UInt64>, _ range: Range<Int>) -> Bool {
  var index = range.lowerBound
  while index < range.upperBound {
    let bit = index & 63
    let length = min(64 - bit, range.upperBound - index)
    if words[index >> 6] >> UInt64(bit) & lowBits(length) != 0 { return true }
    index += length
  }
  return false
}

/// ORs the first `count` bits of `source` into `words` from bit `position` on.
func orBits(
  _ source: UnsafeBufferPointer<UInt64>, _ count: Int, into words: UnsafeMutableBufferPointer<UInt64>, at position: Int
) {
  let shift = UInt64(position & 63)
  var target = position >> 6
  var index = 0
  while index < count {
    let length = min(64, count - index)
    let word = source[index >> 6] & lowBits(length)
    words[target] |= word << shift
    // Swift's `>>` by 64 gives 0: nothing spills from an aligned word.
    let spill = word >> (64 - shift)
    if spill != 0 { words[target + 1] |= spill }
    target += 1
    index += length
  }
}

/// ORs `count` bits of `source` from bit `position` on into `words` from bit 0 on.
func orBits(
  _ source: UnsafeBufferPointer<UInt64>, from position: Int, _ count: Int,
  into words: UnsafeMutableBufferPointer<UInt64>
) {
  let shift = UInt64(position & 63)
  var from = position >> 6
  var index = 0
  while index < count {
    let length = min(64, count - index)
    var word = source[from] >> shift
    if shift != 0, from + 1 < source.count { word |= source[from + 1] << (64 - shift) }
    words[index >> 6] |= word & lowBits(length)
    from += 1
    index += length
  }
}

/// The lowest `count` bits set: none for 0 and less, all for 64 and more.
@inline(__always)
func lowBits(_ count: Int) -> UInt64 {
  count >= 64 ? ~0 : (1 &<< UInt64(truncatingIfNeeded: max(count, 0))) &- 1
}
