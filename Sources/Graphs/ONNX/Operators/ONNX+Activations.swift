import Checkpoints

extension ONNXOperatorTable {
  /// Activations with parameters.
  mutating func addActivations() {
    add("LeakyRelu", "leaky_relu") { step in
      let x = try step.input(0)
      step.give(
        step.op(
          "leaky_relu", ["self": try step.tensor(0), "negative_slope": .float(step.float("alpha", 0.01))], x.type,
          x.sizes))
    }
    add("Elu", "elu") { step in
      step.give(try step.elu(step.input(0), alpha: step.float("alpha", 1), scale: 1))
    }
    add("Selu", "elu") { step in
      step.give(
        try step.elu(
          step.input(0), alpha: step.float("alpha", 1.67326319217681884765625),
          scale: step.float("gamma", 1.05070102214813232421875)))
    }
    add("Celu", "celu") { step in
      let x = try step.input(0)
      step.give(
        step.op("celu", ["self": try step.tensor(0), "alpha": .float(step.float("alpha", 1))], x.type, x.sizes))
    }
    add("ThresholdedRelu", "threshold") { step in
      let x = try step.input(0)
      step.give(
        step.op(
          "threshold",
          ["self": try step.tensor(0), "threshold": .float(step.float("alpha", 1)), "value": .float(0)], x.type, x.sizes
        ))
    }
    add("HardSigmoid", "hardsigmoid mul add clamp") { step in
      let x = try step.input(0)
      let (alpha, beta) = (step.float("alpha", Double(Float(0.2))), step.float("beta", 0.5))
      if Float(alpha) == Float(1) / 6, beta == 0.5 { return step.give(try step.unary("hardsigmoid", x)) }
      let line = try step.scalar("add.Scalar", step.scalar("mul.Scalar", x, alpha), beta)
      step.give(try step.clamped(line, 0, 1))
    }
    add("Softplus", "softplus") { step in
      let x = try step.input(0)
      // Beyond the threshold the engine takes the number itself: far enough out that it is the same.
      step.give(
        step.op("softplus", ["self": try step.tensor(0), "beta": .int(1), "threshold": .int(40)], x.type, x.sizes))
    }
    add("Softsign", "abs add div") { step in
      let x = try step.input(0)
      step.give(try step.binary("div.Tensor", x, step.scalar("add.Scalar", step.unary("abs", x), 1)))
    }
    add("Gelu", "gelu") { step in
      let x = try step.input(0)
      let kind = step.string("approximate", "none")
      step.give(step.op("gelu", ["self": try step.tensor(0), "approximate": .string(kind)], x.type, x.sizes))
    }
    add("Swish", "silu mul sigmoid") { step in
      step.give(try step.swish(step.input(0), alpha: step.float("alpha", 1)))
    }
    add("Shrink", "lt gt add sub where") { step in
      let x = try step.input(0)
      let (bias, lambda) = (step.float("bias", 0), step.float("lambd", 0.5))
      let zero = step.constant(0, x.type)
      let low = try step.where(
        step.scalar("lt.Scalar", x, -lambda, type: .bool), step.scalar("add.Scalar", x, bias), zero)
      step.give(
        try step.where(step.scalar("gt.Scalar", x, lambda, type: .bool), step.scalar("sub.Scalar", x, bias), low))
    }
    add("PRelu", "prelu ge mul where") { step in
      let (x, slope) = (try step.input(0), try step.input(1))
      // A slope for each channel.
      if x.rank >= 2, x.type.isFloat, let channels = x.sizes[1].fixed, channels > 1, slope.rank == x.rank - 1,
        slope.sizes[0] == .fixed(channels), slope.sizes.dropFirst().allSatisfy({ $0 == .fixed(1) })
      {
        let flat = try step.reshape(slope, [.fixed(channels)])
        return step.give(
          step.op("prelu", ["self": try step.tensor(0), "weight": .tensor(try step.name(flat))], x.type, x.sizes))
      }
      step.give(
        try step.widened([x, slope]) { values in
          try step.where(
            step.scalar("ge.Scalar", values[0], 0, type: .bool), values[0],
            step.binary("mul.Tensor", values[0], values[1]))
        })
    }
    add("Softmax LogSoftmax", "softmax log_softmax") { step in
      let x = try step.input(0)
      let target = step.operation == "Softmax" ? "softmax.int" : "log_softmax.int"
      let axis = try step.axis(step.int("axis", step.opset < 13 ? 1 : -1), rank: x.rank)
      try step.flattened(x, axis) { value, axis in
        step.op(target, ["self": .tensor(try step.name(value)), "dim": .int(axis)], value.type, value.sizes)
      }
    }
    add("Hardmax", "argmax scatter") { step in
      let x = try step.input(0)
      let axis = try step.axis(step.int("axis", step.opset < 13 ? 1 : -1), rank: x.rank)
      try step.flattened(x, axis) { value, axis in
        var sizes = value.sizes
        sizes[axis] = .fixed(1)
        let best = step.op(
          "argmax", ["self": .tensor(try step.name(value)), "dim": .int(axis), "keepdim": .bool(true)], .i64, sizes)
        let zeros = try step.unary("zeros_like", value)
        return step.op(
          "scatter.value",
          [
            "self": .tensor(try step.name(zeros)), "dim": .int(axis), "index": .tensor(try step.name(best)),
            "value": .float(1),
          ], value.type, value.sizes)
      }
    }
    add("SwiGLU", "silu mul sigmoid") { step in
      step.give(
        try step.binary("mul.Tensor", step.swish(step.input(0), alpha: step.float("alpha", 1)), step.input(1)))
    }
  }
}

extension ONNXStep {
  fileprivate func elu(_ x: ONNXValue, alpha: Double, scale: Double) throws -> ONNXValue {
    op(
      "elu", ["self": .tensor(try name(x)), "alpha": .float(alpha), "scale": .float(scale), "input_scale": .int(1)],
      x.type, x.sizes)
  }

  /// The number times the share of it that a sigmoid lets through.
  fileprivate func swish(_ x: ONNXValue, alpha: Double) throws -> ONNXValue {
    if alpha == 1 { return try unary("silu", x) }
    return try binary("mul.Tensor", x, unary("sigmoid", scalar("mul.Scalar", x, alpha)))
  }

  /// Before version 13 all dimensions from the axis on are one.
  fileprivate func flattened(
    _ x: ONNXValue, _ axis: Int, _ body: (ONNXValue, Int) throws -> ONNXValue
  ) throws {
    guard opset < 13, axis != x.rank - 1 else { return give(try body(x, axis)) }
    let flat = try reshape(x, [.product(x.sizes[..<axis]), .product(x.sizes[axis...])])
    give(try reshape(body(flat, 1), x.sizes))
  }
}
