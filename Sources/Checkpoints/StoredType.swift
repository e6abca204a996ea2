/// The element type of a tensor in a file, named as safetensors names it.
///
/// The raw value is the name in a safetensors header (`"BF16"`). Two types exist in PyTorch files only: `c32`
/// (torch.complex32) and `c128` (torch.complex128); ``isSafetensors`` tells them apart.
///
/// Source: `Dtype` of huggingface/safetensors, tensor.rs, and the torch types they stand for.
public enum StoredType: String, CaseIterable, Hashable, Sendable {
  /// One truth value per byte, 0 or 1 (torch.bool).
  case bool = "BOOL"
  /// Two 4-bit floats e2m1 per byte; shapes count elements (torch.float4_e2m1fn_x2).
  case f4 = "F4"
  /// 6-bit float e2m3, packed.
  case f6E2M3 = "F6_E2M3"
  /// 6-bit float e3m2, packed.
  case f6E3M2 = "F6_E3M2"
  /// Unsigned 8-bit integer.
  case u8 = "U8"
  /// Signed 8-bit integer.
  case i8 = "I8"
  /// 8-bit float e5m2 (torch.float8_e5m2).
  case f8E5M2 = "F8_E5M2"
  /// 8-bit float e4m3, finite (torch.float8_e4m3fn).
  case f8E4M3 = "F8_E4M3"
  /// 8-bit exponent, used for scales (torch.float8_e8m0fnu).
  case f8E8M0 = "F8_E8M0"
  /// 8-bit float e4m3 without negative zero (torch.float8_e4m3fnuz).
  case f8E4M3FNUZ = "F8_E4M3FNUZ"
  /// 8-bit float e5m2 without negative zero (torch.float8_e5m2fnuz).
  case f8E5M2FNUZ = "F8_E5M2FNUZ"
  /// Signed 16-bit integer.
  case i16 = "I16"
  /// Unsigned 16-bit integer.
  case u16 = "U16"
  /// IEEE half precision.
  case f16 = "F16"
  /// bfloat16: the upper half of a single-precision float.
  case bf16 = "BF16"
  /// Signed 32-bit integer.
  case i32 = "I32"
  /// Unsigned 32-bit integer.
  case u32 = "U32"
  /// IEEE single precision.
  case f32 = "F32"
  /// Complex number of two half-precision floats (torch.complex32); PyTorch files only.
  case c32 = "C32"
  /// Complex number of two single-precision floats (torch.complex64).
  case c64 = "C64"
  /// IEEE double precision.
  case f64 = "F64"
  /// Signed 64-bit integer.
  case i64 = "I64"
  /// Unsigned 64-bit integer.
  case u64 = "U64"
  /// Complex number of two double-precision floats (torch.complex128); PyTorch files only.
  case c128 = "C128"

  /// The name in a safetensors header, for example `"BF16"`.
  public var name: String { rawValue }

  /// Bits of one element: 4 and 6 for the packed types, otherwise a multiple of 8.
  public var bitWidth: Int {
    switch self {
    case .f4: 4
    case .f6E2M3, .f6E3M2: 6
    case .bool, .u8, .i8, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: 8
    case .i16, .u16, .f16, .bf16: 16
    case .i32, .u32, .f32, .c32: 32
    case .c64, .f64, .i64, .u64: 64
    case .c128: 128
    }
  }

  /// Bytes of one element, or nil for the packed types narrower than a byte.
  public var byteCount: Int? { bitWidth % 8 == 0 ? bitWidth / 8 : nil }

  /// Whether the safetensors format knows this type.
  public var isSafetensors: Bool { self != .c32 && self != .c128 }

  /// Whether the elements are real floating-point numbers, of any width.
  public var isFloat: Bool {
    switch self {
    case .f4, .f6E2M3, .f6E3M2, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ, .f16, .bf16, .f32, .f64: true
    default: false
    }
  }

  /// The number of elements of `shape`, or nil where a dimension is negative or the product leaves `Int`.
  ///
  /// As in the reference, the product is taken from left to right, so `[0, huge]` is 0 and `[huge, huge, 0]` is nil.
  public static func elementCount(shape: [Int]) -> Int? {
    // A dimension of 0 makes the tensor empty, but not the product of the others small.
    var count = 1
    for dimension in shape where dimension != 0 {
      guard dimension > 0 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard !overflow else { return nil }
      count = product
    }
    return shape.contains(0) ? 0 : count
  }

  /// The bytes that a contiguous tensor of `shape` takes, or nil where that is no whole number of bytes or leaves `Int`.
  public func byteCount(shape: [Int]) -> Int? {
    guard let count = StoredType.elementCount(shape: shape) else { return nil }
    let (bits, overflow) = count.multipliedReportingOverflow(by: bitWidth)
    guard !overflow, bits % 8 == 0 else { return nil }
    return bits / 8
  }
}

extension StoredType: CustomStringConvertible {
  /// The name in a safetensors header.
  public var description: String { rawValue }
}
