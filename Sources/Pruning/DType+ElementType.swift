import Sparsity
import Torch

extension DType {
  /// The same type in the room without an engine.
  var elementType: ElementType {
    switch self {
    case .float64: .float64
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    // Of unsigned ones only zeros are told from the rest; weights and scores of these types are refused.
    case .int64, .uint64: .int64
    case .int32, .uint32: .int32
    case .int16, .uint16: .int16
    case .int8: .int8
    case .uint8: .uint8
    case .bool: .bool
    }
  }
}
