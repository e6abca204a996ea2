/// What a file's header says about a tensor: all that its role is judged by.
public struct TensorDescription: Sendable, Hashable {
  /// Its name with those of the modules around it.
  public var path: String
  /// Its shape, row-major.
  public var shape: [Int]
  /// The type of its entries as safetensors calls it: `"F32"`, `"BF16"`, `"I8"`, `"F8_E4M3"`.
  public var typeName: String

  /// What is known of its role from elsewhere, such as a graph; names and neighbours are not asked then.
  public var known: RoleJudgement?

  /// Describes a tensor.
  public init(path: String, shape: [Int], typeName: String, known: RoleJudgement? = nil) {
    self.path = path
    self.shape = shape
    self.typeName = typeName
    self.known = known
  }

  /// Whether the entries are whole numbers or truth values.
  var isWhole: Bool { typeName.hasPrefix("I") || typeName.hasPrefix("U") || typeName == "BOOL" }

  /// Whether the entries are floats of 4 or 6 bits.
  var isNarrowFloat: Bool { typeName == "F4" || typeName.hasPrefix("F6_") }

  /// Whether the entries are floats of 8 bits, scales (`F8_E8M0`) excepted.
  var isByteFloat: Bool { typeName.hasPrefix("F8") && typeName != "F8_E8M0" }

  /// The number of entries, as far as `Int` goes.
  var count: Int { shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue } }
}
