/// Turns scores into signed integers whose order is the ranking: the smaller the key, the sooner an entry goes.
///
/// A non-negative float orders like the integer of its bits, and a negative one like minus that of its magnitude, so
/// one `and` gives the key of a magnitude, and two more operations that of a signed value; +0 and -0 both become 0.
/// The magnitude of an integer is unsigned; shifted by half the range it fits a signed key without loss.
struct KeyCoder<Key: FixedWidthInteger & SignedInteger & BitwiseCopyable> {
  let domain: KeyDomain
  let ranking: Ranking
  let nan: NaNRule

  /// Bits of infinity; larger magnitudes are NaN.
  private let infinity: Key
  /// All ones where the sign counts.
  private let signMask: Key
  /// All ones where the largest go first.
  private let flip: Key

  init(domain: KeyDomain, ranking: Ranking, nan: NaNRule) {
    self.domain = domain
    self.ranking = ranking
    self.nan = nan
    infinity = Key(truncatingIfNeeded: domain.infinity)
    signMask = ranking == .magnitude ? 0 : -1
    flip = ranking == .largestValue ? -1 : 0
  }

  /// Writes the keys of `count` entries.
  ///
  /// - Parameters:
  ///   - source: Entries of `type`; needs no alignment.
  ///   - target: Memory for `count` keys.
  /// - Returns: Whether any of the entries is NaN, kept or not.
  @inline(__always)
  func encode(
    _ source: UnsafeRawPointer, _ type: ElementType, _ count: Int, into target: UnsafeMutablePointer<Key>
  ) -> Bool {
    var from = source
    if !domain.isNative(type) {
      domain.convert(source, type, count, into: UnsafeMutableRawPointer(target))
      from = UnsafeRawPointer(target)
    }
    if !domain.isFloatingPoint {
      encodeIntegers(from, count, into: target)
      return false
    }
    return ranking == .magnitude && nan == .refuse
      ? encodeMagnitudes(from, count, into: target) : encodeFloats(from, count, into: target)
  }

  @inline(__always)
  private func encodeMagnitudes(_ source: UnsafeRawPointer, _ count: Int, into target: UnsafeMutablePointer<Key>)
    -> Bool
  {
    var excess: Key = 0
    var index = 0
    while index < count {
      let magnitude = source.loadUnaligned(fromByteOffset: index &* MemoryLayout<Key>.size, as: Key.self) & Key.max
      // The sign bit is set when the magnitude lies above infinity.
      excess |= infinity &- magnitude
      target[index] = magnitude
      index &+= 1
    }
    return excess < 0
  }

  @inline(__always)
  private func encodeFloats(_ source: UnsafeRawPointer, _ count: Int, into target: UnsafeMutablePointer<Key>) -> Bool {
    let nanKey = infinity &+ 1
    var excess: Key = 0
    var index = 0
    while index < count {
      let bits = source.loadUnaligned(fromByteOffset: index &* MemoryLayout<Key>.size, as: Key.self)
      let magnitude = bits & Key.max
      let isNaN = (infinity &- magnitude) &>> Key(truncatingIfNeeded: Key.bitWidth &- 1)
      excess |= isNaN
      let ranked = (magnitude & ~isNaN) | (nanKey & isNaN)
      // All ones where the key is minus the magnitude. A NaN has no sign.
      let negative = ((bits &>> Key(truncatingIfNeeded: Key.bitWidth &- 1)) & signMask & ~isNaN) ^ flip
      target[index] = (ranked ^ negative) &- negative
      index &+= 1
    }
    return excess != 0
  }

  @inline(__always)
  private func encodeIntegers(_ source: UnsafeRawPointer, _ count: Int, into target: UnsafeMutablePointer<Key>) {
    let bias: Key = ranking == .magnitude ? Key.min : flip
    var index = 0
    while index < count {
      let value = source.loadUnaligned(fromByteOffset: index &* MemoryLayout<Key>.size, as: Key.self)
      let negative = (value &>> Key(truncatingIfNeeded: Key.bitWidth &- 1)) & ~signMask
      target[index] = ((value ^ negative) &- negative) ^ bias
      index &+= 1
    }
  }

  /// The NaN among the entries that `kept` (bit 0 for the first entry) keeps: how many, and the first.
  func findNaN(
    _ source: UnsafeRawPointer, _ type: ElementType, _ count: Int, isKept: (Int) -> Bool
  ) -> (count: Int, first: Int)? {
    withUnsafeTemporaryAllocation(of: Key.self, capacity: count) { scratch in
      let values = scratch.baseAddress.unsafelyUnwrapped
      domain.convert(source, type, count, into: UnsafeMutableRawPointer(values))
      var total = 0
      var first = 0
      for index in 0..<count where values[index] & Key.max > infinity && isKept(index) {
        if total == 0 { first = index }
        total += 1
      }
      return total == 0 ? nil : (total, first)
    }
  }
}
