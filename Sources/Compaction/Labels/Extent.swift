import Graphs

/// A size as a product of a number and symbols, so that views of dynamic shapes can be followed.
///
/// What is no product, such as `s77 + 1` or `s77 // 4`, counts as one symbol.
public struct Extent: Hashable, Sendable {
  /// The number in the product.
  public let number: Int
  /// The symbols in it, in order of their names.
  let symbols: [SymbolicExpression]

  init(_ number: Int, _ symbols: [SymbolicExpression] = []) {
    self.number = number
    self.symbols = symbols
  }

  /// The product that a size is.
  public init(_ size: SymbolicSize) {
    switch size {
    case .fixed(let size): self.init(size)
    case .symbolic(let expression, _): self = Self.product(expression)
    }
  }

  /// The number, where there are no symbols.
  public var fixed: Int? { symbols.isEmpty ? number : nil }

  var isOne: Bool { number == 1 && symbols.isEmpty }

  private static func product(_ expression: SymbolicExpression) -> Extent {
    switch expression {
    case .number(let value):
      if let number = Int(exactly: value), number > 0 { return Extent(number) }
    case .call("Mul", let factors): return factors.reduce(Extent(1)) { $0 * product($1) }
    case .call("Pow", let arguments):
      if arguments.count == 2, case .number(let value) = arguments[1], let exponent = Int(exactly: value),
        (1...8).contains(exponent)
      {
        let base = product(arguments[0])
        return (1..<exponent).reduce(base) { result, _ in result * base }
      }
    default: break
    }
    return Extent(1, [expression])
  }

  static func * (a: Extent, b: Extent) -> Extent {
    if a.symbols.isEmpty && b.symbols.isEmpty { return Extent(a.number * b.number) }
    return Extent(a.number * b.number, (a.symbols + b.symbols).sorted { $0.description < $1.description })
  }

  /// The extent that times `other` is this one; nil where there is none.
  func divided(by other: Extent) -> Extent? {
    guard other.number > 0, number % other.number == 0 else { return nil }
    var rest = symbols
    for symbol in other.symbols {
      guard let index = rest.firstIndex(of: symbol) else { return nil }
      rest.remove(at: index)
    }
    return Extent(number / other.number, rest)
  }

  /// The largest extent that divides both.
  func commonDivisor(_ other: Extent) -> Extent {
    var (a, b) = (number, other.number)
    while b != 0 { (a, b) = (b, a % b) }
    var rest = other.symbols
    let common = symbols.filter { symbol in
      guard let index = rest.firstIndex(of: symbol) else { return false }
      rest.remove(at: index)
      return true
    }
    return Extent(a, common)
  }

  /// The size, out of the one that it has become from: expression and hint in the same proportion.
  func size(from old: SymbolicSize) -> SymbolicSize {
    guard !symbols.isEmpty else { return .fixed(number) }
    let before = Extent(old)
    if before == self { return old }
    let factors = (number == 1 ? [] : [SymbolicExpression.number(Double(number))]) + symbols
    return .symbolic(
      factors.count == 1 ? factors[0] : .call("Mul", factors),
      hint: old.hint.map { before.number > 0 ? $0 / before.number * number : $0 })
  }
}

extension Extent: CustomStringConvertible {
  /// Such as `64*s77`.
  public var description: String {
    let names = symbols.map(\.description)
    return (number == 1 && !names.isEmpty ? names : ["\(number)"] + names).joined(separator: "*")
  }
}

extension [Factor] {
  /// The size of a dimension.
  var extent: Extent { reduce(Extent(1)) { $0 * $1.extent } }
}
