import Checkpoints
import Graphs

extension StoredType {
  /// The number by which LibTorch knows the type: `c10::ScalarType`.
  var engineNumber: Int {
    switch self {
    case .u8: 0
    case .i8: 1
    case .i16: 2
    case .i32: 3
    case .i64: 4
    case .f16: 5
    case .f32: 6
    case .f64: 7
    case .c32: 8
    case .c64: 9
    case .c128: 10
    case .bool: 11
    case .bf16: 15
    case .f8E5M2: 23
    case .f8E4M3: 24
    case .f8E5M2FNUZ: 25
    case .f8E4M3FNUZ: 26
    case .u16: 27
    case .u32: 28
    case .u64: 29
    case .f8E8M0: 44
    case .f4: 45
    case .f6E2M3, .f6E3M2: -1  // LibTorch has none
    }
  }
}

extension Layout {
  /// The number by which LibTorch knows the layout: `c10::Layout`.
  var engineNumber: Int {
    switch rawValue {
    case 1, 2: rawValue
    case 3...5: rawValue + 1
    case 6: 3
    default: 0
    }
  }
}

extension MemoryFormat {
  /// The number by which LibTorch knows the format: `c10::MemoryFormat`.
  var engineNumber: Int {
    switch self {
    case .contiguous: 0
    case .channelsLast: 2
    case .channelsLast3d: 3
    default: 1
    }
  }
}
