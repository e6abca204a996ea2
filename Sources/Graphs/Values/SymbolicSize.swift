/// A size of a tensor: a number, or an expression in symbols such as the batch.
///
/// Source: `SymInt` of torch/_export/serde/schema.py.
public enum SymbolicSize: Hashable, Sendable {
  /// A number.
  case fixed(Int)
  /// An expression, with the value that it had when the model was exported, where that is known.
  case symbolic(SymbolicExpression, hint: Int?)

  /// The number, where the size is one.
  public var fixed: Int? { if case .fixed(let size) = self { size } else { nil } }

  /// The size where the symbols have the values given; nil where one is missing.
  public func evaluated(_ symbols: [String: Int]) -> Int? {
    switch self {
    case .fixed(let size): size
    case .symbolic(let expression, _): expression.evaluated(symbols).flatMap { Int(exactly: $0) }
    }
  }
}

extension SymbolicSize: CustomStringConvertible {
  /// The number or expression: `64`, `s77`, `2*s77 + 1`.
  public var description: String {
    switch self {
    case .fixed(let size): "\(size)"
    case .symbolic(let expression, _): "\(expression)"
    }
  }
}
