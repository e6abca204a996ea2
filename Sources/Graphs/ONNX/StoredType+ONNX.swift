import Checkpoints

extension StoredType {
  /// The type of a number of ONNX's `TensorProto.DataType`; nil for texts, types of fewer than 8 bits, and unknown ones.
  init?(onnx number: Int32) {
    switch number {
    case 1: self = .f32
    case 2: self = .u8
    case 3: self = .i8
    case 4: self = .u16
    case 5: self = .i16
    case 6: self = .i32
    case 7: self = .i64
    case 9: self = .bool
    case 10: self = .f16
    case 11: self = .f64
    case 12: self = .u32
    case 13: self = .u64
    case 14: self = .c64
    case 15: self = .c128
    case 16: self = .bf16
    case 17: self = .f8E4M3
    case 18: self = .f8E4M3FNUZ
    case 19: self = .f8E5M2
    case 20: self = .f8E5M2FNUZ
    case 24: self = .f8E8M0
    default: return nil
    }
  }
}
