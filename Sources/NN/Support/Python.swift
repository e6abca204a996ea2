/// Values as Python prints them, for ``Module/extraDescription``.
enum Python {
  /// `True` or `False`.
  static func text(_ value: Bool) -> String { value ? "True" : "False" }

  /// A tuple: `(5, 5)`, `(5,)`, `()`.
  static func tuple(_ values: [Int]) -> String {
    values.count == 1 ? "(\(values[0]),)" : "(\(values.map(String.init).joined(separator: ", ")))"
  }

  /// A tuple whose absent entries are `None`.
  static func tuple(_ values: [Int?]) -> String {
    "(" + values.map { $0.map(String.init) ?? "None" }.joined(separator: ", ") + (values.count == 1 ? ",)" : ")")
  }
}
