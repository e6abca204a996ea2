import Checkpoints
import Torch

extension DType {
  /// The type as it stands in a file.
  public var storedType: StoredType {
    switch self {
    case .uint8: .u8
    case .int8: .i8
    case .int16: .i16
    case .int32: .i32
    case .int64: .i64
    case .float16: .f16
    case .float32: .f32
    case .float64: .f64
    case .bool: .bool
    case .bfloat16: .bf16
    case .uint16: .u16
    case .uint32: .u32
    case .uint64: .u64
    }
  }

  /// The dtype of tensors that stand in a file as that type, or nil for the types that tensors here cannot have: 4- to
  /// 8-bit floats and complex numbers.
  public init?(_ stored: StoredType) {
    guard let dtype = Self.allCases.first(where: { $0.storedType == stored }) else { return nil }
    self = dtype
  }
}
