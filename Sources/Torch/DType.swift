/// The type of a tensor's entries, with PyTorch's names.
public enum DType: Int32, Sendable, Hashable, CaseIterable {
  // The raw values are those of c10::ScalarType.
  /// 8-bit unsigned integers.
  case uint8 = 0
  /// 8-bit signed integers.
  case int8 = 1
  /// 16-bit signed integers.
  case int16 = 2
  /// 32-bit signed integers.
  case int32 = 3
  /// 64-bit signed integers, the default for whole numbers.
  case int64 = 4
  /// IEEE half precision.
  case float16 = 5
  /// IEEE single precision, the default for real numbers.
  case float32 = 6
  /// IEEE double precision.
  case float64 = 7
  /// True or false, one byte each.
  case bool = 11
  /// The upper half of a float32.
  case bfloat16 = 15
  /// 16-bit unsigned integers, which LibTorch stores and converts but hardly computes with.
  case uint16 = 27
  /// 32-bit unsigned integers; see ``uint16``.
  case uint32 = 28
  /// 64-bit unsigned integers; see ``uint16``.
  case uint64 = 29

  /// Bytes of one entry.
  public var byteCount: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// Whether this is one of the four floating-point types, which alone can have gradients.
  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    default: false
    }
  }
}

extension DType: CustomStringConvertible {
  /// PyTorch's name without the prefix: `float32`.
  public var description: String {
    switch self {
    case .uint8: "uint8"
    case .int8: "int8"
    case .uint16: "uint16"
    case .uint32: "uint32"
    case .uint64: "uint64"
    case .int16: "int16"
    case .int32: "int32"
    case .int64: "int64"
    case .float16: "float16"
    case .float32: "float32"
    case .float64: "float64"
    case .bool: "bool"
    case .bfloat16: "bfloat16"
    }
  }

  /// The type of that name (`float32`, also `torch.float32`), or nil.
  public init?(_ name: String) {
    let bare = name.hasPrefix("torch.") ? String(name.dropFirst(6)) : name
    guard let found = Self.allCases.first(where: { $0.description == bare }) else { return nil }
    self = found
  }
}
