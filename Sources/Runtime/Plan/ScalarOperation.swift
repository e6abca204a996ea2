import Foundation

/// A number or truth value as the graph's own arithmetic has it.
enum ScalarValue: Hashable {
  case int(Int)
  case double(Double)
  case bool(Bool)

  var double: Double {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    case .bool(let value): value ? 1 : 0
    }
  }
  var int: Int? {
    switch self {
    case .int(let value): value
    case .bool(let value): value ? 1 : 0
    case .double: nil
    }
  }
  var bool: Bool { double != 0 }
}

/// The functions of Python that a graph calls on numbers, by their targets: `_operator.floordiv`, `torch.sym_max`.
enum ScalarOperation {
  /// Whether there is a function for the target.
  static func knows(_ target: String) -> Bool { functions[name(target)] != nil && isPython(target) }

  /// What the target gives for the arguments; nil where it has no value for them, as for a division by zero.
  static func apply(_ target: String, _ arguments: [ScalarValue]) -> ScalarValue? {
    functions[name(target)]?(arguments)
  }

  private static func isPython(_ target: String) -> Bool {
    ["_operator.", "operator.", "math.", "torch.sym_", "torch._sym_", "builtins."].contains { target.hasPrefix($0) }
  }

  private static func name(_ target: String) -> String {
    var name = String(target.split(separator: ".").last ?? "")
    for prefix in ["sym_", "_sym_"] where name.hasPrefix(prefix) { name = String(name.dropFirst(prefix.count)) }
    return name
  }

  typealias Function = @Sendable ([ScalarValue]) -> ScalarValue?

  private static func arithmetic(
    _ ints: @escaping @Sendable (Int, Int) -> (partialValue: Int, overflow: Bool),
    _ doubles: @escaping @Sendable (Double, Double) -> Double
  ) -> Function {
    { values in
      guard values.count == 2 else { return nil }
      if let a = values[0].int, let b = values[1].int {
        let result = ints(a, b)
        return result.overflow ? nil : .int(result.partialValue)
      }
      return .double(doubles(values[0].double, values[1].double))
    }
  }

  private static func comparison(_ compare: @escaping @Sendable (Double, Double) -> Bool) -> Function {
    { $0.count == 2 ? .bool(compare($0[0].double, $0[1].double)) : nil }
  }

  private static func rounding(_ rule: FloatingPointRoundingRule) -> Function {
    { values in
      values.first.flatMap { value in
        value.int.map(ScalarValue.int) ?? Int(exactly: value.double.rounded(rule)).map(ScalarValue.int)
      }
    }
  }

  private static func floored(_ values: [ScalarValue]) -> (quotient: ScalarValue, remainder: ScalarValue)? {
    guard values.count == 2, values[1].double != 0 else { return nil }
    if let a = values[0].int, let b = values[1].int {
      let (quotient, overflow) = a.dividedReportingOverflow(by: b)
      guard !overflow else { return nil }
      let isShort = a % b != 0 && (a < 0) != (b < 0)
      let floor = isShort ? quotient - 1 : quotient
      return (.int(floor), .int(a - floor * b))
    }
    let floor = (values[0].double / values[1].double).rounded(.down)
    return (.double(floor), .double(values[0].double - floor * values[1].double))
  }

  private static let functions: [String: Function] = [
    "add": arithmetic({ $0.addingReportingOverflow($1) }, +),
    "sub": arithmetic({ $0.subtractingReportingOverflow($1) }, -),
    "mul": arithmetic({ $0.multipliedReportingOverflow(by: $1) }, *),
    "truediv": { $0.count == 2 && $0[1].double != 0 ? .double($0[0].double / $0[1].double) : nil },
    "floordiv": { floored($0)?.quotient },
    "mod": { floored($0)?.remainder },
    "pow": { values in
      guard values.count == 2 else { return nil }
      if let base = values[0].int, let exponent = values[1].int, exponent >= 0 {
        var result = 1
        for _ in 0..<min(exponent, 64) {
          let (product, overflow) = result.multipliedReportingOverflow(by: base)
          if overflow { return nil }
          result = product
        }
        return exponent <= 64 || abs(base) <= 1 ? .int(result) : nil
      }
      return .double(Foundation.pow(values[0].double, values[1].double))
    },
    "neg": { $0.first.map { value in value.int.map { .int(-$0) } ?? .double(-value.double) } },
    "pos": { $0.first },
    "abs": { $0.first.map { value in value.int.map { .int(abs($0)) } ?? .double(abs(value.double)) } },
    "eq": comparison { $0 == $1 }, "ne": comparison { $0 != $1 }, "lt": comparison { $0 < $1 },
    "le": comparison { $0 <= $1 }, "gt": comparison { $0 > $1 }, "ge": comparison { $0 >= $1 },
    "and_": { $0.count == 2 ? .bool($0[0].bool && $0[1].bool) : nil },
    "or_": { $0.count == 2 ? .bool($0[0].bool || $0[1].bool) : nil },
    "not_": { $0.first.map { .bool(!$0.bool) } }, "not": { $0.first.map { .bool(!$0.bool) } },
    "max": { $0.max { $0.double < $1.double } }, "min": { $0.min { $0.double < $1.double } },
    "sum": { values in
      values.allSatisfy { $0.int != nil }
        ? .int(values.reduce(0) { $0 &+ ($1.int ?? 0) }) : .double(values.reduce(0) { $0 + $1.double })
    },
    "ite": { $0.count == 3 ? ($0[0].bool ? $0[1] : $0[2]) : nil },
    "int": rounding(.towardZero), "trunc": rounding(.towardZero), "floor": rounding(.down), "ceil": rounding(.up),
    "round": rounding(.toNearestOrEven),
    "float": { $0.first.map { .double($0.double) } },
    "sqrt": { $0.first.map { .double($0.double.squareRoot()) } },
    "exp": { $0.first.map { .double(Foundation.exp($0.double)) } },
    "log": { $0.first.map { .double(Foundation.log($0.double)) } },
  ]
}
