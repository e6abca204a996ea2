import Checkpoints

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Numbers as the bytes of a tensor.
enum ONNXScalars {
  /// Whole numbers of 64 bits.
  static func data(_ values: [Int]) -> Data { values.map(Int64.init).withUnsafeBytes { Data($0) } }

  /// Numbers of a type.
  static func data(_ values: [Double], _ type: StoredType) -> Data {
    func bytes<T>(_ list: [T]) -> Data { list.withUnsafeBytes { Data($0) } }
    switch type {
    case .f64: return bytes(values)
    case .f16: return bytes(values.map { half($0) })
    case .bf16: return bytes(values.map { rounded($0) })
    case .i64: return bytes(values.map { Int64($0) })
    case .i32: return bytes(values.map { Int32($0) })
    case .i16: return bytes(values.map { Int16($0) })
    case .i8: return bytes(values.map { Int8($0) })
    case .u8, .bool: return bytes(values.map { UInt8($0) })
    default: return bytes(values.map { Float($0) })
    }
  }

  /// The upper half of a single-precision float, rounded to the nearest even.
  private static func rounded(_ value: Double) -> UInt16 {
    let bits = Float(value).bitPattern
    guard Float(value).isFinite else { return UInt16(bits >> 16) }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
  }

  /// The bits of a half-precision float, rounded to the nearest even.
  private static func half(_ value: Double) -> UInt16 {
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    let size = abs(value)
    if size.isNaN { return 0x7e00 }
    if size >= 65520 { return sign | 0x7c00 }
    let exponent = max(-14, size == 0 ? -14 : Int(size.exponent))
    let step = Double(sign: .plus, exponent: exponent - 10, significand: 1)
    let units = (size / step).rounded(.toNearestOrEven)
    // A carry out of the significand goes up into the exponent by itself.
    return sign | UInt16(truncatingIfNeeded: (exponent + 14) << 10 + Int(units))
  }
}

extension StoredType {
  /// Whether the type is of whole numbers.
  var isWhole: Bool {
    switch self {
    case .i8, .i16, .i32, .i64, .u8, .u16, .u32, .u64: true
    default: false
    }
  }
}
