/// An element's bits, as the bitmask looks at them.
protocol BitmaskElement: BitwiseCopyable {
  static var zero: Self { get }
  /// Whether any of the bits in `mask` is set.
  func hasBits(in mask: UInt64) -> Bool
  /// The element whose only bits are those not in `mask`: -0.0 for the mask of a float's magnitude.
  static func complement(of mask: UInt64) -> Self
}

extension BitmaskElement where Self: FixedWidthInteger & UnsignedInteger {
  func hasBits(in mask: UInt64) -> Bool { self & Self(truncatingIfNeeded: mask) != 0 }
  static func complement(of mask: UInt64) -> Self { ~Self(truncatingIfNeeded: mask) }
}

extension UInt8: BitmaskElement {}
extension UInt16: BitmaskElement {}
extension UInt32: BitmaskElement {}
extension UInt64: BitmaskElement {}

/// A complex number of two doubles.
struct BitmaskPair: BitmaskElement {
  var first: UInt64
  var second: UInt64

  static var zero: BitmaskPair { BitmaskPair(first: 0, second: 0) }
  func hasBits(in mask: UInt64) -> Bool { (first | second) & mask != 0 }
  static func complement(of mask: UInt64) -> BitmaskPair { BitmaskPair(first: ~mask, second: ~mask) }
}

/// Which elements a row of bits marks.
enum BitmaskSelection {
  /// Those other than zero.
  case kept
  /// Those that are -0.0.
  case negativeZeros
}

/// The passes over elements, each over a run within one row; pointers need not be aligned.
///
/// `mask` are the bits that tell an element from zero: all but the sign for floats, all bits for other types.
struct BitmaskKernel {
  let width: Int
  let mask: UInt64

  /// How many of `count` elements are other than zero, and how many are -0.0.
  func count(_ source: UnsafeRawPointer, count: Int) -> (kept: Int, negativeZeros: Int) {
    switch width {
    case 1: Self.count(source, count, mask, UInt8.self)
    case 2: Self.count(source, count, mask, UInt16.self)
    case 4: Self.count(source, count, mask, UInt32.self)
    case 8: Self.count(source, count, mask, UInt64.self)
    default: Self.count(source, count, mask, BitmaskPair.self)
    }
  }

  /// Sets bit `firstBit + i` of `bits` for each element i that is selected; lowest bit first, as numpy.packbits with
  /// bitorder="little".
  func pack(
    _ selection: BitmaskSelection, _ source: UnsafeRawPointer, count: Int, into bits: UnsafeMutablePointer<UInt8>,
    firstBit: Int
  ) {
    switch width {
    case 1: Self.pack(selection, source, count, mask, UInt8.self, bits, firstBit)
    case 2: Self.pack(selection, source, count, mask, UInt16.self, bits, firstBit)
    case 4: Self.pack(selection, source, count, mask, UInt32.self, bits, firstBit)
    case 8: Self.pack(selection, source, count, mask, UInt64.self, bits, firstBit)
    default: Self.pack(selection, source, count, mask, BitmaskPair.self, bits, firstBit)
    }
  }

  /// Copies the elements other than zero to `target`, which has room for all `count` and one more; returns how many.
  func compact(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutableRawPointer) -> Int {
    switch width {
    case 1: Self.compact(source, count, mask, UInt8.self, target)
    case 2: Self.compact(source, count, mask, UInt16.self, target)
    case 4: Self.compact(source, count, mask, UInt32.self, target)
    case 8: Self.compact(source, count, mask, UInt64.self, target)
    default: Self.compact(source, count, mask, BitmaskPair.self, target)
    }
  }

  /// Stores the next of `values` in `target` where a bit of `bits` is set; returns how many were used. Without values,
  /// -0.0 is stored everywhere.
  ///
  /// - Precondition: `target` has room for every element with a bit, `values` as many as there are ones.
  func expand(
    _ bits: UnsafeBufferPointer<UInt8>, values: UnsafeRawPointer?, into target: UnsafeMutableRawPointer
  ) -> Int {
    switch width {
    case 1: Self.expand(bits, values, mask, UInt8.self, target)
    case 2: Self.expand(bits, values, mask, UInt16.self, target)
    case 4: Self.expand(bits, values, mask, UInt32.self, target)
    case 8: Self.expand(bits, values, mask, UInt64.self, target)
    default: Self.expand(bits, values, mask, BitmaskPair.self, target)
    }
  }
}

extension BitmaskKernel {
  private static func load<T: BitmaskElement>(_ source: UnsafeRawPointer, _ element: Int, _ type: T.Type) -> T {
    source.loadUnaligned(fromByteOffset: element &* MemoryLayout<T>.stride, as: T.self)
  }

  private static func count<T: BitmaskElement>(
    _ source: UnsafeRawPointer, _ count: Int, _ mask: UInt64, _ type: T.Type
  ) -> (kept: Int, negativeZeros: Int) {
    var kept = 0
    var withBits = 0
    for element in 0..<count {
      let value = load(source, element, T.self)
      kept &+= value.hasBits(in: mask) ? 1 : 0
      withBits &+= value.hasBits(in: .max) ? 1 : 0
    }
    return (kept, withBits - kept)
  }

  private static func pack<T: BitmaskElement>(
    _ selection: BitmaskSelection, _ source: UnsafeRawPointer, _ count: Int, _ mask: UInt64, _ type: T.Type,
    _ bits: UnsafeMutablePointer<UInt8>, _ firstBit: Int
  ) {
    let wantsZeros = selection == .negativeZeros
    for element in 0..<count {
      let value = load(source, element, T.self)
      let isSelected = wantsZeros ? value.hasBits(in: .max) && !value.hasBits(in: mask) : value.hasBits(in: mask)
      let bit = firstBit &+ element
      bits[bit >> 3] |= (isSelected ? 1 : 0) << UInt8(truncatingIfNeeded: bit & 7)
    }
  }

  private static func compact<T: BitmaskElement>(
    _ source: UnsafeRawPointer, _ count: Int, _ mask: UInt64, _ type: T.Type, _ target: UnsafeMutableRawPointer
  ) -> Int {
    // Every element is stored, and the next one over it where it was zero: no branch to predict.
    var kept = 0
    for element in 0..<count {
      let value = load(source, element, T.self)
      target.storeBytes(of: value, toByteOffset: kept &* MemoryLayout<T>.stride, as: T.self)
      kept &+= value.hasBits(in: mask) ? 1 : 0
    }
    return kept
  }

  private static func expand<T: BitmaskElement>(
    _ bits: UnsafeBufferPointer<UInt8>, _ values: UnsafeRawPointer?, _ mask: UInt64, _ type: T.Type,
    _ target: UnsafeMutableRawPointer
  ) -> Int {
    let negativeZero = T.complement(of: mask)
    var used = 0
    for byte in bits.indices {
      var rest = bits[byte]
      while rest != 0 {
        let element = byte &* 8 &+ rest.trailingZeroBitCount
        let value = values.map { load($0, used, T.self) } ?? negativeZero
        target.storeBytes(of: value, toByteOffset: element &* MemoryLayout<T>.stride, as: T.self)
        used &+= 1
        rest &= rest &- 1
      }
    }
    return used
  }
}
