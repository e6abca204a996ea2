import Checkpoints

extension ONNXOperators {
  /// Functions of single entries, and softmax.
  static let activations: [String: ONNXBuilder.Rule] = {
    // Those that ONNX has under another name.
    let plain = [
      "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "abs": "Abs",
      "neg": "Neg", "erf": "Erf", "sin": "Sin", "cos": "Cos", "floor": "Floor", "ceil": "Ceil", "round": "Round",
      "reciprocal": "Reciprocal", "sign": "Sign", "hardswish": "HardSwish", "softsign": "Softsign", "mish": "Mish",
      "logical_not": "Not", "isnan": "IsNaN",
    ]
    var rules: [String: ONNXBuilder.Rule] = plain.mapValues { operation in
      { builder, node in [builder.emit(operation, [try input(&builder, node)])] }
    }
    rules["silu"] = { builder, node in
      let x = try input(&builder, node)
      return [builder.emit("Mul", [x, builder.emit("Sigmoid", [x])])]
    }
    rules["rsqrt"] = { builder, node in
      [builder.emit("Reciprocal", [builder.emit("Sqrt", [try input(&builder, node)])])]
    }
    rules["log_sigmoid"] = { builder, node in
      [builder.emit("Log", [builder.emit("Sigmoid", [try input(&builder, node)])])]
    }
    rules["hardsigmoid"] = { builder, node in
      [builder.emit("HardSigmoid", [try input(&builder, node)], [.float("alpha", 1.0 / 6), .float("beta", 0.5)])]
    }
    rules["gelu"] = gelu
    rules["hardtanh"] = { builder, node in
      let type = type(builder, node)
      let low = try builder.scalar(try builder.real(node, "min_val", or: -1), type)
      let high = try builder.scalar(try builder.real(node, "max_val", or: 1), type)
      return [builder.emit("Clip", [try input(&builder, node), low, high])]
    }
    rules["relu6"] = { builder, node in
      let type = type(builder, node)
      let (low, high) = (try builder.scalar(0, type), try builder.scalar(6, type))
      return [builder.emit("Clip", [try input(&builder, node), low, high])]
    }
    rules["clamp"] = { builder, node in
      var bounds: [String] = []
      for (name, lowest) in [("min", -Double.infinity), ("max", Double.infinity)] {
        if let tensor = node[name], case .tensor = tensor {
          throw ONNXBuilder.Problem("a bound that is a tensor")
        }
        let bound = try builder.real(node, name, or: lowest)
        bounds.append(bound.isInfinite ? "" : try builder.scalar(bound, type(builder, node)))
      }
      return [builder.emit("Clip", [try input(&builder, node)] + bounds)]
    }
    rules["leaky_relu"] = { builder, node in
      let slope = try builder.real(node, "negative_slope", or: 0.01)
      return [builder.emit("LeakyRelu", [try input(&builder, node)], [.float("alpha", slope)])]
    }
    rules["elu"] = { builder, node in
      guard try builder.real(node, "scale", or: 1) == 1, try builder.real(node, "input_scale", or: 1) == 1 else {
        throw ONNXBuilder.Problem("a scale other than 1")
      }
      return [
        builder.emit("Elu", [try input(&builder, node)], [.float("alpha", try builder.real(node, "alpha", or: 1))])
      ]
    }
    rules["selu"] = { builder, node in
      [
        builder.emit(
          "Selu", [try input(&builder, node)],
          [.float("alpha", 1.6732632423543772), .float("gamma", 1.0507009873554805)])
      ]
    }
    rules["softplus"] = { builder, node in
      guard try builder.real(node, "beta", or: 1) == 1 else { throw ONNXBuilder.Problem("beta other than 1") }
      return [builder.emit("Softplus", [try input(&builder, node)])]
    }
    rules["prelu"] = { builder, node in
      let rank = try builder.rank(node, "self")
      var slope = try builder.value(node, "weight")
      if let count = builder.type(node, "weight")?.shape?.reduce(1, *), count > 1, rank > 2 {
        slope = builder.emit(
          "Reshape", [slope, builder.ints([count] + Array(repeating: 1, count: rank - 2))])
      }
      return [builder.emit("PRelu", [try input(&builder, node), slope])]
    }
    rules["softmax"] = { builder, node in try softmax("Softmax", &builder, node) }
    rules["_softmax"] = rules["softmax"]
    rules["log_softmax"] = { builder, node in try softmax("LogSoftmax", &builder, node) }
    rules["_log_softmax"] = rules["log_softmax"]
    rules["glu"] = { builder, node in
      let axis = try builder.dimension(node, "dim", rank: try builder.rank(node, "self"), or: -1)
      let halves = builder.emit(
        "Split", [try input(&builder, node)], [.int("axis", axis), .int("num_outputs", 2)], count: 2)
      return [builder.emit("Mul", [halves[0], builder.emit("Sigmoid", [halves[1]])])]
    }
    return rules
  }()

  /// The input of an operator of one, under either of the names that schemas give it.
  static func input(_ builder: inout ONNXBuilder, _ node: Node) throws -> String {
    try builder.value(node, node["self"] == nil ? "input" : "self")
  }

  static func type(_ builder: ONNXBuilder, _ node: Node) -> StoredType? {
    builder.type(node, node["self"] == nil ? "input" : "self")?.dtype
  }

  private static func softmax(
    _ operation: String, _ builder: inout ONNXBuilder, _ node: Node
  ) throws -> [String] {
    let axis = try builder.number(node, "dim", or: -1)
    let x = try cast(&builder, try input(&builder, node), type(builder, node), to: node)
    return [builder.emit(operation, [x], [.int("axis", axis)])]
  }

  private static func gelu(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    let isTanh = node["approximate"] == .string("tanh")
    let x = try input(&builder, node)
    if builder.opset >= 20 { return [builder.emit("Gelu", [x], [.string("approximate", isTanh ? "tanh" : "none")])] }
    let type = type(builder, node)
    let inner: String
    if isTanh {
      let cube = builder.emit("Mul", [builder.emit("Mul", [x, x]), x])
      let sum = builder.emit("Add", [x, builder.emit("Mul", [cube, try builder.scalar(0.044715, type)])])
      inner = builder.emit(
        "Tanh", [builder.emit("Mul", [sum, try builder.scalar((2 / Double.pi).squareRoot(), type)])])
    } else {
      inner = builder.emit("Erf", [builder.emit("Mul", [x, try builder.scalar(0.5.squareRoot(), type)])])
    }
    let factor = builder.emit("Add", [inner, try builder.scalar(1, type)])
    let half = builder.emit("Mul", [x, try builder.scalar(0.5, type)])
    return [builder.emit("Mul", [half, factor])]
  }
}
