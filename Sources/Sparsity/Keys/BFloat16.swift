/// A brain floating-point number: the sign, the 8 exponent bits and the upper 7 fraction bits of a `Float`.
///
/// ```swift
/// Float(BFloat16(0.1))        // 0.100097656
/// BFloat16(1).bitPattern      // 0x3f80
/// ```
public struct BFloat16: Sendable, Hashable {
  /// The sixteen bits, sign first.
  public var bitPattern: UInt16

  /// A number from its sixteen bits.
  public init(bitPattern: UInt16) {
    self.bitPattern = bitPattern
  }

  /// The number nearest to `value`, ties to the even fraction; every NaN becomes a quiet NaN of the same sign.
  public init(_ value: Float) {
    let bits = value.bitPattern
    if value.isNaN {
      bitPattern = UInt16(truncatingIfNeeded: bits >> 16) | 0x0040
    } else {
      let rounding = 0x7fff &+ ((bits >> 16) & 1)
      bitPattern = UInt16(truncatingIfNeeded: (bits &+ rounding) >> 16)
    }
  }
}

extension Float {
  /// The same number, exactly.
  public init(_ value: BFloat16) {
    self.init(bitPattern: UInt32(value.bitPattern) << 16)
  }
}
