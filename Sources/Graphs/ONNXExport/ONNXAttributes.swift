import ONNXFormat

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ONNXAttributeProto {
  /// A whole number.
  static func int(_ name: String, _ value: Int) -> Self {
    var attribute = Self(name, .int)
    attribute.i = Int64(value)
    return attribute
  }

  /// Whole numbers.
  static func ints(_ name: String, _ values: [Int]) -> Self {
    var attribute = Self(name, .ints)
    attribute.ints = values.map(Int64.init)
    return attribute
  }

  /// A real number.
  static func float(_ name: String, _ value: Double) -> Self {
    var attribute = Self(name, .float)
    attribute.f = Float(value)
    return attribute
  }

  /// A text.
  static func string(_ name: String, _ value: String) -> Self {
    var attribute = Self(name, .string)
    attribute.s = Data(value.utf8)
    return attribute
  }

  /// A tensor.
  static func tensor(_ name: String, _ value: ONNXTensorProto) -> Self {
    var attribute = Self(name, .tensor)
    attribute.t = value
    return attribute
  }

  private init(_ name: String, _ type: AttributeType) {
    self.init()
    self.name = name
    self.type = type
  }
}
