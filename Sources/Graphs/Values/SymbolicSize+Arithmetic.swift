extension SymbolicSize {
  /// A size that is one symbol.
  public static func symbol(_ name: String) -> SymbolicSize { .symbolic(.symbol(name), hint: nil) }

  /// The sum, in the order of its terms.
  public static func + (a: SymbolicSize, b: SymbolicSize) -> SymbolicSize {
    if case .fixed(let x) = a, case .fixed(let y) = b { return .fixed(x &+ y) }
    return (Polynomial(a) + Polynomial(b)).size
  }

  /// The difference.
  public static func - (a: SymbolicSize, b: SymbolicSize) -> SymbolicSize { a + b * .fixed(-1) }

  /// The product.
  public static func * (a: SymbolicSize, b: SymbolicSize) -> SymbolicSize {
    if case .fixed(let x) = a, case .fixed(let y) = b { return .fixed(x &* y) }
    return (Polynomial(a) * Polynomial(b)).size
  }

  /// The quotient, rounded down.
  ///
  /// - Precondition: the divisor is not the number 0.
  public func floorDivided(by other: SymbolicSize) -> SymbolicSize {
    if case .fixed(let x) = self, case .fixed(let y) = other {
      let quotient = x / y
      return .fixed(x % y != 0 && (x < 0) != (y < 0) ? quotient - 1 : quotient)
    }
    let (dividend, divisor) = (Polynomial(self), Polynomial(other))
    if let exact = dividend.divided(by: divisor) { return exact.size }
    return .symbolic(.call("FloorDiv", [dividend.expression, divisor.expression]), hint: nil)
  }

  /// The quotient, rounded up.
  public func ceilDivided(by other: SymbolicSize) -> SymbolicSize {
    .fixed(0) - (.fixed(0) - self).floorDivided(by: other)
  }

  /// The quotient where the divisor divides; nil where that is not known.
  public func exactlyDivided(by other: SymbolicSize) -> SymbolicSize? {
    if case .fixed(let x) = self, case .fixed(let y) = other { return y != 0 && x % y == 0 ? .fixed(x / y) : nil }
    return Polynomial(self).divided(by: Polynomial(other), exactly: true)?.size
  }

  /// The product of some sizes.
  public static func product(_ sizes: some Sequence<SymbolicSize>) -> SymbolicSize { sizes.reduce(.fixed(1), *) }
}

/// A size as a sum of products: what is neither sum nor product counts as a symbol. So that equal sizes are equal.
private struct Polynomial {
  /// The coefficients of products of symbols, by their factors in order.
  var terms: [[SymbolicExpression]: Int]

  init(_ terms: [[SymbolicExpression]: Int]) { self.terms = terms.filter { $0.value != 0 } }

  init(_ size: SymbolicSize) { self.init(size.expression) }

  init(_ expression: SymbolicExpression) {
    switch expression {
    case .number(let value):
      guard let number = Int(exactly: value) else { fallthrough }
      self.init([[]: number])
    case .symbol, .opaque: self.init([[expression]: 1])
    case .call("Add", let parts): self = parts.map(Polynomial.init).reduce(Polynomial([:])) { $0 + $1 }
    case .call("Mul", let parts): self = parts.map(Polynomial.init).reduce(Polynomial([[]: 1])) { $0 * $1 }
    case .call: self.init([[expression]: 1])
    }
  }

  static func + (a: Polynomial, b: Polynomial) -> Polynomial {
    Polynomial(a.terms.merging(b.terms, uniquingKeysWith: &+))
  }

  static func * (a: Polynomial, b: Polynomial) -> Polynomial {
    var result: [[SymbolicExpression]: Int] = [:]
    for (x, m) in a.terms {
      for (y, n) in b.terms {
        result[(x + y).sorted { $0.description < $1.description }, default: 0] &+= m &* n
      }
    }
    return Polynomial(result)
  }

  /// The quotient by a product, rounded down, where only a number is left over; nil otherwise.
  func divided(by other: Polynomial, exactly: Bool = false) -> Polynomial? {
    guard other.terms.count == 1, let (factors, number) = other.terms.first, number != 0 else {
      return terms == other.terms ? Polynomial([[]: 1]) : nil
    }
    var result: [[SymbolicExpression]: Int] = [:]
    for (symbols, coefficient) in terms {
      var rest = symbols
      for factor in factors {
        guard let index = rest.firstIndex(of: factor) else { return nil }
        rest.remove(at: index)
      }
      if coefficient % number == 0 {
        result[rest] = coefficient / number
      } else {
        guard !exactly, symbols.isEmpty, factors.isEmpty, number > 0 else { return nil }
        result[[]] = coefficient >= 0 ? coefficient / number : -((-coefficient + number - 1) / number)
      }
    }
    return Polynomial(result)
  }

  var size: SymbolicSize {
    if terms.isEmpty { return .fixed(0) }
    if terms.count == 1, let number = terms[[]] { return .fixed(number) }
    return .symbolic(expression, hint: nil)
  }

  var expression: SymbolicExpression {
    let parts = terms.sorted { Self.order($0.key) < Self.order($1.key) }.map { factors, number -> SymbolicExpression in
      let all = (number == 1 && !factors.isEmpty ? [] : [SymbolicExpression.number(Double(number))]) + factors
      return all.count == 1 ? all[0] : .call("Mul", all)
    }
    return parts.isEmpty ? .number(0) : parts.count == 1 ? parts[0] : .call("Add", parts)
  }

  /// Numbers stand last.
  private static func order(_ factors: [SymbolicExpression]) -> String {
    factors.isEmpty ? "~" : factors.map(\.description).joined(separator: "*")
  }
}
