import Checkpoints
import Sparsity

extension StoredType {
  /// The same type where `Sparsity` works on it.
  var elementType: ElementType? {
    switch self {
    case .f64: .float64
    case .f32: .float32
    case .f16: .float16
    case .bf16: .bfloat16
    case .f8E4M3: .float8E4M3
    case .f8E5M2: .float8E5M2
    case .i64: .int64
    case .i32: .int32
    case .i16: .int16
    case .i8: .int8
    case .u8: .uint8
    case .bool: .bool
    default: nil
    }
  }

  /// The same type where its tensors can be pruned: floating point of 8 bits or more, without scales (F8_E8M0) and types that have no negative zero.
  var prunableType: ElementType? {
    guard let type = elementType, type.isFloatingPoint else { return nil }
    return type
  }
}
