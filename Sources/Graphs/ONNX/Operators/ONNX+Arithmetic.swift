import Checkpoints

extension ONNXOperatorTable {
  /// Functions of two or more tensors, broadcast.
  mutating func addArithmetic() {
    for (name, target) in [("Add", "add.Tensor"), ("Sub", "sub.Tensor"), ("Mul", "mul.Tensor")] {
      add(name, String(target.prefix { $0 != "." })) { step in
        let (a, b) = (try step.input(0), try step.input(1))
        step.give(try step.widened([a, b], isExactModulo: true) { try step.binary(target, $0[0], $0[1]) })
      }
    }
    add("Div", "div") { step in
      let (a, b) = (try step.input(0), try step.input(1))
      if a.type.isFloat { return step.give(try step.binary("div.Tensor", a, b)) }
      step.give(
        try step.widened([a, b]) { values in
          step.op(
            "div.Tensor_mode",
            [
              "self": .tensor(try step.name(values[0])), "other": .tensor(try step.name(values[1])),
              "rounding_mode": .string("trunc"),
            ], values[0].type, try step.broadcast(values.map(\.sizes)))
        })
    }
    add("Mod", "remainder fmod") { step in
      let (a, b) = (try step.input(0), try step.input(1))
      let target = step.bool("fmod") ? "fmod.Tensor" : "remainder.Tensor"
      step.give(try step.widened([a, b]) { try step.binary(target, $0[0], $0[1]) })
    }
    add("Pow", "pow") { step in
      let (a, b) = (try step.input(0), try step.input(1))
      step.give(
        try step.widened([a, b]) { values in
          let (a, b) = (values[0], values[1])
          if a.type.isFloat, let exponent = b.known?.reals, exponent.count == 1, b.rank <= a.rank {
            return step.op(
              "pow.Tensor_Scalar", ["self": .tensor(try step.name(a)), "exponent": .float(exponent[0])], a.type, a.sizes
            )
          }
          // The result is of the type of the base; the engine makes it of the wider one.
          let wide = a.type.isFloat || !b.type.isFloat ? a.type : b.type == .f64 ? StoredType.f64 : .f64
          let base = try step.cast(a, to: wide)
          let exponent = a.type.isFloat ? try step.cast(b, to: a.type) : b.type.isFloat ? try step.cast(b, to: wide) : b
          let result = step.op(
            "pow.Tensor_Tensor",
            ["self": .tensor(try step.name(base)), "exponent": .tensor(try step.name(exponent))],
            a.type.isFloat ? a.type : b.type.isFloat ? wide : promoted(a.type, b.type),
            try step.broadcast([a.sizes, b.sizes]))
          return try step.cast(result, to: a.type)
        })
    }
    for (name, target) in [
      ("Equal", "eq.Tensor"), ("Greater", "gt.Tensor"), ("Less", "lt.Tensor"), ("GreaterOrEqual", "ge.Tensor"),
      ("LessOrEqual", "le.Tensor"),
    ] {
      add(name, String(target.prefix { $0 != "." }), limits: "texts") { step in
        let (a, b) = (try step.input(0), try step.input(1))
        step.give(
          try step.widened([a, b], isExactModulo: name == "Equal") {
            try step.binary(target, $0[0], $0[1], type: .bool)
          })
      }
    }
    for (name, target) in [("And", "logical_and"), ("Or", "logical_or"), ("Xor", "logical_xor")] {
      add(name, target) { step in step.give(try step.binary(target, step.input(0), step.input(1), type: .bool)) }
    }
    for (name, target) in [
      ("BitwiseAnd", "bitwise_and.Tensor"), ("BitwiseOr", "bitwise_or.Tensor"), ("BitwiseXor", "bitwise_xor.Tensor"),
    ] {
      add(name, String(target.prefix { $0 != "." })) { step in
        let (a, b) = (try step.input(0), try step.input(1))
        step.give(try step.widened([a, b], isExactModulo: true) { try step.binary(target, $0[0], $0[1]) })
      }
    }
    add("BitShift", "bitwise_left_shift bitwise_right_shift", limits: "unsigned numbers of 64 bits") { step in
      let (a, b) = (try step.input(0), try step.input(1))
      let target = step.string("direction", "") == "LEFT" ? "bitwise_left_shift.Tensor" : "bitwise_right_shift.Tensor"
      step.give(try step.widened([a, b]) { try step.binary(target, $0[0], $0[1]) })
    }
    for (name, target) in [("Max", "maximum"), ("Min", "minimum"), ("Sum", "add.Tensor")] {
      add(name, String(target.prefix { $0 != "." })) { step in
        let values = try (0..<step.inputCount).map(step.input)
        step.give(
          try step.widened(values) { values in
            try values.dropFirst().reduce(values[0]) { try step.binary(target, $0, $1) }
          })
      }
    }
    add("Mean", "add mul") { step in
      let values = try (0..<step.inputCount).map(step.input)
      let sum = try values.dropFirst().reduce(values[0]) { try step.binary("add.Tensor", $0, $1) }
      step.give(try step.scalar("div.Scalar", sum, Double(values.count)))
    }
    add("Where", "where") { step in
      let (condition, a, b) = (try step.input(0), try step.input(1), try step.input(2))
      step.give(try step.widened([a, b], isExactModulo: true) { try step.where(condition, $0[0], $0[1]) })
    }
  }
}

/// The type of whole numbers that the engine computes two of them in.
private func promoted(_ a: StoredType, _ b: StoredType) -> StoredType {
  if a == b || b == .bool { return a }
  if a == .u8, b != .u8 { return b == .i8 ? .i16 : b }
  if b == .u8 { return a == .i8 ? .i16 : a }
  return a.bitWidth >= b.bitWidth ? a : b
}
