/// An expression in symbols, as sympy writes it: `Add(Symbol('s77', positive=True, integer=True), Integer(1))`.
public indirect enum SymbolicExpression: Hashable, Sendable {
  /// A number.
  case number(Double)
  /// A symbol by its name, and the text that it is read from.
  case symbol(String)
  /// A function of sympy's or of torch.utils._sympy.functions, applied.
  case call(String, [SymbolicExpression])
  /// A text that is none of these.
  case opaque(String)

  /// Reads sympy's `srepr`; what cannot be read is kept as ``opaque(_:)``.
  public init(_ text: String) {
    var parser = Parser(text)
    if let expression = parser.expression(depth: 0), parser.isAtEnd { self = expression } else { self = .opaque(text) }
  }

  /// The symbols in it.
  public var symbols: Set<String> {
    switch self {
    case .symbol(let name): [name]
    case .call(_, let arguments): arguments.reduce(into: []) { $0.formUnion($1.symbols) }
    case .number, .opaque: []
    }
  }

  /// The value where the symbols have the values given; nil where one is missing or a function is not known.
  public func evaluated(_ symbols: [String: Int]) -> Double? {
    switch self {
    case .number(let value): return value
    case .symbol(let name): return symbols[name].map(Double.init)
    case .opaque: return nil
    case .call(let function, let arguments):
      let values = arguments.compactMap { $0.evaluated(symbols) }
      guard values.count == arguments.count, let first = values.first else { return nil }
      switch (function, values.count) {
      case ("Add", _): return values.reduce(0, +)
      case ("Mul", _): return values.reduce(1, *)
      case ("Max", _): return values.max()
      case ("Min", _): return values.min()
      case ("Rational", 2), ("IntTrueDiv", 2), ("FloatTrueDiv", 2): return values[1] == 0 ? nil : first / values[1]
      case ("FloorDiv", 2), ("CleanDiv", 2): return values[1] == 0 ? nil : (first / values[1]).rounded(.down)
      case ("CeilDiv", 2): return values[1] == 0 ? nil : (first / values[1]).rounded(.up)
      case ("Mod", 2), ("PythonMod", 2):
        return values[1] == 0 ? nil : first - (first / values[1]).rounded(.down) * values[1]
      case ("Pow", 2), ("PowByNatural", 2), ("FloatPow", 2): return Self.power(first, values[1])
      case ("ToFloat", 1), ("Identity", 1): return first
      case ("floor", 1), ("FloorToInt", 1): return first.rounded(.down)
      case ("ceiling", 1), ("CeilToInt", 1): return first.rounded(.up)
      case ("TruncToInt", 1): return first.rounded(.towardZero)
      case ("Abs", 1): return abs(first)
      default: return nil
      }
    }
  }

  private static func power(_ base: Double, _ exponent: Double) -> Double? {
    guard exponent == exponent.rounded(), abs(exponent) <= 64 else { return exponent == 0.5 ? base.squareRoot() : nil }
    var result = 1.0
    for _ in 0..<Int(abs(exponent)) { result *= base }
    return exponent < 0 ? 1 / result : result
  }
}

extension SymbolicExpression: CustomStringConvertible {
  /// The expression as people write it: `2*s77 + 1`, `s77//4`.
  public var description: String {
    switch self {
    case .number(let value): value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    case .symbol(let name): name
    case .opaque(let text): text
    case .call("Add", let arguments): arguments.map(\.description).joined(separator: " + ")
    case .call("Mul", let arguments): arguments.map(\.factor).joined(separator: "*")
    case .call("FloorDiv", let arguments) where arguments.count == 2: "\(arguments[0].factor)//\(arguments[1].factor)"
    case .call("Mod", let arguments) where arguments.count == 2: "\(arguments[0].factor)%\(arguments[1].factor)"
    case .call("Pow", let arguments) where arguments.count == 2: "\(arguments[0].factor)**\(arguments[1].factor)"
    case .call(let function, let arguments): "\(function)(\(arguments.map(\.description).joined(separator: ", ")))"
    }
  }

  private var factor: String {
    if case .call(let function, _) = self, ["Add", "FloorDiv", "Mod"].contains(function) { return "(\(self))" }
    return description
  }
}

extension SymbolicExpression {
  /// Reads calls, names, numbers and texts; keywords of calls are passed over.
  private struct Parser {
    private let text: [UInt8]
    private var offset = 0

    init(_ text: String) { self.text = Array(text.utf8) }

    var isAtEnd: Bool { offset == text.count }

    private func isWord(_ byte: UInt8) -> Bool {
      byte >= 0x30 && byte <= 0x39 || byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a || byte == UInt8(ascii: "_")
        || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }

    private mutating func word() -> String {
      let start = offset
      while offset < text.count, isWord(text[offset]) { offset += 1 }
      return String(decoding: text[start..<offset], as: UTF8.self)
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
      while offset < text.count, text[offset] == 0x20 { offset += 1 }
      guard offset < text.count, text[offset] == UInt8(character.value) else { return false }
      offset += 1
      return true
    }

    private mutating func quoted() -> String? {
      guard skip("'") else { return nil }
      let start = offset
      while offset < text.count, text[offset] != UInt8(ascii: "'") { offset += 1 }
      guard offset < text.count else { return nil }
      defer { offset += 1 }
      return String(decoding: text[start..<offset], as: UTF8.self)
    }

    mutating func expression(depth: Int) -> SymbolicExpression? {
      guard depth < 64 else { return nil }
      _ = skip(" ")
      let name = word()
      if let number = Double(name) { return .number(number) }
      guard !name.isEmpty else { return nil }
      guard skip("(") else { return .symbol(name) }
      if name == "Symbol" {
        guard let symbol = quoted(), passOver() else { return nil }
        return .symbol(symbol)
      }
      if name == "Float" {
        let text = quoted() ?? word()
        guard let value = Double(text), passOver() else { return nil }
        return .number(value)
      }
      var arguments: [SymbolicExpression] = []
      if skip(")") { return .call(name, []) }
      repeat {
        guard let argument = expression(depth: depth + 1) else { return nil }
        if skip("=") {
          guard expression(depth: depth + 1) != nil else { return nil }
        } else {
          arguments.append(argument)
        }
      } while skip(",")
      guard skip(")") else { return nil }
      if name == "Integer", arguments.count == 1 { return arguments[0] }
      return .call(name, arguments)
    }

    /// Goes on behind the bracket that closes the call, over its keywords.
    private mutating func passOver() -> Bool {
      while offset < text.count, text[offset] != UInt8(ascii: ")") { offset += 1 }
      return skip(")")
    }
  }
}
