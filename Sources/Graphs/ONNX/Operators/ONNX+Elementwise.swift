import Checkpoints

extension ONNXOperatorTable {
  /// Functions of each entry by itself.
  mutating func addElementwise() {
    for (name, target) in [
      ("Ceil", "ceil"), ("Floor", "floor"), ("Round", "round"), ("Sqrt", "sqrt"), ("Reciprocal", "reciprocal"),
      ("Exp", "exp"), ("Log", "log"), ("Sin", "sin"), ("Cos", "cos"), ("Tan", "tan"), ("Asin", "asin"),
      ("Acos", "acos"),
      ("Atan", "atan"), ("Sinh", "sinh"), ("Cosh", "cosh"), ("Asinh", "asinh"), ("Acosh", "acosh"), ("Atanh", "atanh"),
      ("Erf", "erf"), ("Sigmoid", "sigmoid"), ("Tanh", "tanh"), ("Sign", "sign"), ("Abs", "abs"), ("Neg", "neg"),
      ("Relu", "relu"), ("HardSwish", "hardswish"), ("Mish", "mish"),
    ] {
      add(name, target) { step in
        let x = try step.input(0)
        step.give(try step.widened([x]) { try step.unary(target, $0[0]) })
      }
    }
    add("Not", "logical_not") { $0.give(try $0.unary("logical_not", $0.input(0))) }
    add("BitwiseNot", "bitwise_not") { step in
      step.give(try step.widened([step.input(0)]) { try step.unary("bitwise_not", $0[0]) })
    }
    add("IsNaN", "isnan") { $0.give(try $0.unary("isnan", $0.input(0), type: .bool)) }
    add("IsInf", "isinf eq") { step in
      let x = try step.input(0)
      let (negative, positive) = (step.bool("detect_negative", true), step.bool("detect_positive", true))
      switch (negative, positive) {
      case (true, true): step.give(try step.unary("isinf", x, type: .bool))
      case (false, false):
        step.give(try step.scalar("ne.Scalar", step.unary("isinf", x, type: .bool), 2, type: .bool).emptied(step))
      default:
        step.give(
          try step.scalar("eq.Scalar", x, positive ? .infinity : -.infinity, type: .bool))
      }
    }
    add("Cast", "to", limits: "to and from texts and numbers of fewer than 8 bits") { step in
      guard let type = try step.type("to") else { throw step.refusal("its type is left out") }
      step.give(try step.converted(step.input(0), to: type))
    }
    add("CastLike", "to", limits: "to and from texts and numbers of fewer than 8 bits") { step in
      step.give(try step.converted(step.input(0), to: step.input(1).type))
    }
    add("BitCast", "view") { step in
      guard let type = try step.type("to") else { throw step.refusal("its type is left out") }
      let x = try step.input(0)
      try step.require(x.type.bitWidth == type.bitWidth, "its types are of different widths")
      step.give(step.op("view.dtype", ["self": try step.tensor(0), "dtype": .dtype(type)], type, x.sizes))
    }
    add("Identity", "") { step in
      guard let value = try step.optional(0) else { throw step.refusal("its input is left out") }
      step.give(value)
    }
    add("Clip", "clamp clamp_min clamp_max") { step in
      let x = try step.input(0)
      if step.opset < 11 {
        let (low, high) = (step.float("min"), step.float("max"))
        return step.give(try step.clamped(x, low, high))
      }
      func bound(_ index: Int) throws -> Double? {
        guard step.isGiven(index), let known = try step.input(index).known else { return nil }
        return known.reals?.first
      }
      let (low, high) = (try bound(1), try bound(2))
      if step.isGiven(1) == (low != nil), step.isGiven(2) == (high != nil), !x.type.isWideInteger {
        return step.give(try step.clamped(x, low, high))
      }
      var operands = [x]
      for index in 1...2 where step.isGiven(index) { operands.append(try step.input(index)) }
      let (hasLow, hasHigh) = (step.isGiven(1), step.isGiven(2))
      step.give(
        try step.widened(operands) { values in
          var (result, rest) = (values[0], values.dropFirst())
          if hasLow, let low = rest.popFirst() { result = try step.binary("maximum", result, low) }
          if hasHigh, let high = rest.popFirst() { result = try step.binary("minimum", result, high) }
          return result
        })
    }
  }
}

extension ONNXValue {
  /// Truth values that are all false, of the shape of these.
  fileprivate func emptied(_ step: ONNXStep) throws -> ONNXValue {
    try step.binary("logical_xor", self, self)
  }
}

extension StoredType {
  /// Whether the engine computes with them only as other numbers.
  var isWideInteger: Bool { self == .u16 || self == .u32 || self == .u64 }
  var isUnsigned: Bool { isWideInteger || self == .u8 }
  var isTiny: Bool {
    switch self {
    case .f8E4M3, .f8E4M3FNUZ, .f8E5M2, .f8E5M2FNUZ, .f8E8M0: true
    default: false
    }
  }
}

extension ONNXStep {
  /// Computes unsigned numbers of 16 bits and more as signed ones of 64, and takes the result back.
  func widened(
    _ values: [ONNXValue], isExactModulo: Bool = false, _ body: ([ONNXValue]) throws -> ONNXValue
  ) throws -> ONNXValue {
    guard let type = values.first(where: { $0.type.isWideInteger })?.type else { return try body(values) }
    try require(type != .u64 || isExactModulo, "unsigned numbers of 64 bits are not computed with")
    let result = try body(values.map { $0.type.isWideInteger ? try cast($0, to: .i64) : $0 })
    return result.type == .i64 ? try cast(result, to: type) : result
  }

  func converted(_ x: ONNXValue, to type: StoredType) throws -> ONNXValue {
    if x.type == type { return x }
    try require(!type.isTiny && x.type != .f8E8M0, "casts to numbers of 8 bits saturate otherwise here")
    // What numbers out of range become is not said; the engine goes by way of the signed ones.
    if type.isWideInteger, x.type.isFloat { return try cast(try cast(x, to: .i64), to: type) }
    return try cast(x, to: type)
  }

  func clamped(_ x: ONNXValue, _ low: Double?, _ high: Double?) throws -> ONNXValue {
    if low == nil, high == nil { return x }
    func argument(_ number: Double?) -> Argument {
      guard let number else { return .none }
      return !x.type.isFloat && number == number.rounded() ? .int(Int(number)) : .float(number)
    }
    // Where the bounds cross, the upper one wins.
    return op(
      "clamp", ["self": .tensor(try name(x)), "min": argument(low), "max": argument(high)], x.type, x.sizes)
  }
}
