/// Floating-point numbers of 8 bits, which are all exact in `float16`.
enum Float8 {
  /// The `float16` bits of an e4m3 number, by its bits.
  @inline(__always)
  static func half(e4m3 bits: UInt8) -> UInt16 {
    let magnitude = UInt16(bits & 0x7f)
    let sign = UInt16(bits & 0x80) &<< 8
    // Exponents are biased by 7 here and by 15 there.
    if magnitude >= 8 { return sign | (magnitude == 0x7f ? 0x7e00 : (magnitude &<< 7) &+ 0x2000) }
    // Subnormals, multiples of 2^-9, are normal there.
    guard magnitude > 0 else { return sign }
    let top = UInt16(15 - magnitude.leadingZeroBitCount)
    return sign | (top &+ 6) &<< 10 | (magnitude ^ 1 &<< top) &<< (10 &- top)
  }

  /// The smallest magnitude that is no number: NaN of e4m3, infinity of e5m2.
  static func limit(_ type: ElementType) -> UInt8 { type == .float8E4M3 ? 0x7f : 0x7c }

  /// An entry times 0: its sign alone; NaN for what is no number.
  @inline(__always)
  static func zeroed(_ bits: UInt8, limit: UInt8) -> UInt8 { bits & 0x7f < limit ? bits & 0x80 : bits | 0x7f }
}
