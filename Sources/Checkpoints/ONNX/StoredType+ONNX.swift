import ONNXFormat

extension StoredType {
  /// The type that ONNX gives a number; nil for text and for integers of fewer than 8 bits.
  package init?(onnx code: Int) {
    switch code {
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
    case 23: self = .f4
    case 24: self = .f8E8M0
    default: return nil
    }
  }

  /// The number that ONNX gives the type; nil for those it does not have.
  package var onnxCode: Int? {
    switch self {
    case .f32: 1
    case .u8: 2
    case .i8: 3
    case .u16: 4
    case .i16: 5
    case .i32: 6
    case .i64: 7
    case .bool: 9
    case .f16: 10
    case .f64: 11
    case .u32: 12
    case .u64: 13
    case .c64: 14
    case .c128: 15
    case .bf16: 16
    case .f8E4M3: 17
    case .f8E4M3FNUZ: 18
    case .f8E5M2: 19
    case .f8E5M2FNUZ: 20
    case .f4: 23
    case .f8E8M0: 24
    case .f6E2M3, .f6E3M2, .c32: nil
    }
  }

  /// What a tensor of a type that is not read here holds, in words.
  static func otherONNX(_ code: Int) -> String {
    switch code {
    case 8: "text"
    case 21: "unsigned 4-bit integers, as quantised layers have"
    case 22: "4-bit integers, as quantised layers have"
    case 25: "unsigned 2-bit integers, as quantised layers have"
    case 26: "2-bit integers, as quantised layers have"
    default: "entries of type \(code)"
    }
  }

  /// The field of the message that holds entries of the type where they do not lie in `raw_data`.
  var onnxField: Int? {
    switch self {
    case .f32, .c64: 4
    case .i32, .i16, .i8, .u16, .u8, .bool, .f16, .bf16, .f8E4M3, .f8E4M3FNUZ, .f8E5M2, .f8E5M2FNUZ, .f8E8M0: 5
    case .i64: 7
    case .f64, .c128: 10
    case .u32, .u64: 11
    default: nil
    }
  }
}
