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
    case .i64: .int64
    case .i32: .int32
    case .i16: .int16
    case .i8: .int8
    case .u8: .uint8
    case .bool: .bool
    default: nil
    }
  }

  /// The same type where its tensors can be pruned: floating point of 16 bits or more.
  var prunableType: ElementType? {
    guard let type = elementType, type.isFloatingPoint else { return nil }
    return type
  }
}
