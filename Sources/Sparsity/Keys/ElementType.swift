/// The type of one entry of a buffer of weights or scores.
///
/// The library works on raw memory, so that weights of every engine and file format can be ranked where they lie.
/// Floating-point types use their IEEE 754 layout (`bfloat16` is the upper half of a `float32`), integers are two's
/// complement, and `bool` is one byte of 0 or 1. All are read in the byte order of the machine.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
  /// 64-bit IEEE 754 floating point, Swift's `Double`.
  case float64
  /// 32-bit IEEE 754 floating point, Swift's `Float`.
  case float32
  /// 16-bit IEEE 754 floating point.
  case float16
  /// 16-bit brain floating point; see ``BFloat16``.
  case bfloat16
  /// 8-bit floating point of 4 exponent and 3 fraction bits, without infinities (torch.float8_e4m3fn).
  case float8E4M3
  /// 8-bit floating point of 5 exponent and 2 fraction bits (torch.float8_e5m2): the upper half of a `float16`.
  case float8E5M2
  /// 64-bit signed integer.
  case int64
  /// 32-bit signed integer.
  case int32
  /// 16-bit signed integer.
  case int16
  /// 8-bit signed integer.
  case int8
  /// 8-bit unsigned integer.
  case uint8
  /// One byte, 0 for false, anything else for true.
  case bool

  /// Bytes of memory for one entry.
  public var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .float16, .bfloat16, .int16: 2
    case .float8E4M3, .float8E5M2, .int8, .uint8, .bool: 1
    }
  }

  /// Whether the type is one of the floating-point types.
  public var isFloatingPoint: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16, .float8E4M3, .float8E5M2: true
    case .int64, .int32, .int16, .int8, .uint8, .bool: false
    }
  }
}
