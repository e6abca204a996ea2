/// A signed integer that orders scores, with the vector type that fits one register of every architecture.
///
/// Comparisons and shifts of vectors of exactly 128 bits compile to single instructions even on the plainest
/// processors; wider ones fall back to loops over lanes. The requirements are therefore written out for each width.
protocol SelectionKey: FixedWidthInteger, SignedInteger, SIMDScalar, BitwiseCopyable, Sendable, Codable
where Magnitude: BitwiseCopyable {
  /// 128 bits of keys.
  associatedtype Lanes: SIMD, BitwiseCopyable where Lanes.Scalar == Self

  static func and(_ a: Lanes, _ b: Lanes) -> Lanes
  static func or(_ a: Lanes, _ b: Lanes) -> Lanes
  static func xor(_ a: Lanes, _ b: Lanes) -> Lanes
  static func subtract(_ a: Lanes, _ b: Lanes) -> Lanes
  /// All ones where a lane is negative.
  static func signs(_ a: Lanes) -> Lanes
  /// Sixteen bytes, all ones where the key in `vectors` is greater than `bound`; called with the numbers of the
  /// vectors that hold sixteen keys.
  static func greater16(_ bound: Lanes, _ vector: (Int) -> Lanes) -> SIMD16<UInt8>
  /// Sixteen bytes, all ones where a key in `vectors` is negative.
  static func negative16(_ vector: (Int) -> Lanes) -> SIMD16<UInt8>
  /// Whether the plainest processors lack a comparison of this width.
  static var comparesSlowly: Bool { get }
}

extension SelectionKey {
  /// Keys of one vector.
  @inline(__always)
  static var laneCount: Int { 16 / MemoryLayout<Self>.size }

  @inline(__always)
  static var comparesSlowly: Bool { false }

  @inline(__always)
  static func negative16(_ vector: (Int) -> Lanes) -> SIMD16<UInt8> {
    greater16(Lanes(repeating: -1)) { xor(vector($0), Lanes(repeating: -1)) }
  }
}

extension Int16: SelectionKey {
  typealias Lanes = SIMD8<Int16>

  @inline(__always) static func and(_ a: Lanes, _ b: Lanes) -> Lanes { a & b }
  @inline(__always) static func or(_ a: Lanes, _ b: Lanes) -> Lanes { a | b }
  @inline(__always) static func xor(_ a: Lanes, _ b: Lanes) -> Lanes { a ^ b }
  @inline(__always) static func subtract(_ a: Lanes, _ b: Lanes) -> Lanes { a &- b }
  @inline(__always) static func signs(_ a: Lanes) -> Lanes { a &>> 15 }

  @inline(__always)
  static func greater16(_ bound: Lanes, _ vector: (Int) -> Lanes) -> SIMD16<UInt8> {
    let masks = (vector(0) .> bound, vector(1) .> bound)
    return SIMD16<UInt8>(truncatingIfNeeded: unsafeBitCast(masks, to: SIMD16<UInt16>.self))
  }
}

extension Int32: SelectionKey {
  typealias Lanes = SIMD4<Int32>

  @inline(__always) static func and(_ a: Lanes, _ b: Lanes) -> Lanes { a & b }
  @inline(__always) static func or(_ a: Lanes, _ b: Lanes) -> Lanes { a | b }
  @inline(__always) static func xor(_ a: Lanes, _ b: Lanes) -> Lanes { a ^ b }
  @inline(__always) static func subtract(_ a: Lanes, _ b: Lanes) -> Lanes { a &- b }
  @inline(__always) static func signs(_ a: Lanes) -> Lanes { a &>> 31 }

  @inline(__always)
  static func greater16(_ bound: Lanes, _ vector: (Int) -> Lanes) -> SIMD16<UInt8> {
    let halves = (
      narrow(vector(0) .> bound, vector(1) .> bound),
      narrow(vector(2) .> bound, vector(3) .> bound)
    )
    return SIMD16<UInt8>(truncatingIfNeeded: unsafeBitCast(halves, to: SIMD16<Int16>.self))
  }
}

extension Int32 {
  /// Two masks in one vector. Narrowing step by step lets the compiler use the packing instructions for pairs.
  @inline(__always)
  static func narrow(_ a: SIMDMask<Lanes>, _ b: SIMDMask<Lanes>) -> SIMD8<Int16> {
    SIMD8<Int16>(truncatingIfNeeded: unsafeBitCast((a, b), to: SIMD8<Int32>.self))
  }
}

extension Int64: SelectionKey {
  typealias Lanes = SIMD2<Int64>

  @inline(__always) static func and(_ a: Lanes, _ b: Lanes) -> Lanes { a & b }
  @inline(__always) static func or(_ a: Lanes, _ b: Lanes) -> Lanes { a | b }
  @inline(__always) static func xor(_ a: Lanes, _ b: Lanes) -> Lanes { a ^ b }
  @inline(__always) static func subtract(_ a: Lanes, _ b: Lanes) -> Lanes { a &- b }
  @inline(__always) static func signs(_ a: Lanes) -> Lanes { a &>> 63 }

  @inline(__always)
  static func greater16(_ bound: Lanes, _ vector: (Int) -> Lanes) -> SIMD16<UInt8> {
    let masks = (
      vector(0) .> bound, vector(1) .> bound, vector(2) .> bound, vector(3) .> bound,
      vector(4) .> bound, vector(5) .> bound, vector(6) .> bound, vector(7) .> bound
    )
    return SIMD16<UInt8>(truncatingIfNeeded: unsafeBitCast(masks, to: SIMD16<UInt64>.self))
  }

  @inline(__always) static var comparesSlowly: Bool { true }

  @inline(__always)
  static func negative16(_ vector: (Int) -> Lanes) -> SIMD16<UInt8> {
    let quarters = (
      upperHalves(vector(0), vector(1)), upperHalves(vector(2), vector(3)),
      upperHalves(vector(4), vector(5)), upperHalves(vector(6), vector(7))
    )
    return Int32.negative16 { vector in
      switch vector {
      case 0: quarters.0
      case 1: quarters.1
      case 2: quarters.2
      default: quarters.3
      }
    }
  }

  /// The upper halves of four keys, which hold their signs.
  @inline(__always)
  private static func upperHalves(_ a: Lanes, _ b: Lanes) -> SIMD4<Int32> {
    unsafeBitCast((a, b), to: SIMD8<Int32>.self).oddHalf
  }
}
