import Checkpoints

extension ONNXOperators {
  /// Arithmetic and comparisons, of two tensors or of a tensor and a number, and choices between two.
  static let arithmetic: [String: ONNXBuilder.Rule] = {
    var rules: [String: ONNXBuilder.Rule] = [:]
    for (name, operation) in ["mul": "Mul", "multiply": "Mul", "maximum": "Max", "minimum": "Min", "pow": "Pow"] {
      rules[name] = { builder, node in
        let (a, b) = try operands(&builder, node)
        return [builder.emit(operation, [a, b])]
      }
    }
    for (name, operation) in ["add": "Add", "sub": "Sub"] {
      rules[name] = { builder, node in
        var (a, b) = try operands(&builder, node)
        let alpha = try builder.real(node, "alpha", or: 1)
        if alpha != 1 { b = builder.emit("Mul", [b, try builder.scalar(alpha, result(builder, node))]) }
        return [builder.emit(operation, [a, b])]
      }
    }
    rules["rsub"] = { builder, node in
      guard try builder.real(node, "alpha", or: 1) == 1 else { throw ONNXBuilder.Problem("alpha other than 1") }
      let (a, b) = try operands(&builder, node)
      return [builder.emit("Sub", [b, a])]
    }
    rules["div"] = { builder, node in
      let (a, b) = try operands(&builder, node)
      let quotient = builder.emit("Div", [a, b])
      switch node["rounding_mode"] {
      case nil, .none?: return [quotient]
      case .string("floor")? where result(builder, node)?.isFloat == true: return [builder.emit("Floor", [quotient])]
      default: throw ONNXBuilder.Problem("a rounding of its own")
      }
    }
    for (name, operation) in [
      "eq": "Equal", "lt": "Less", "le": "LessOrEqual", "gt": "Greater", "ge": "GreaterOrEqual",
    ] {
      rules[name] = { builder, node in
        let (a, b) = try compared(&builder, node)
        return [builder.emit(operation, [a, b])]
      }
    }
    rules["ne"] = { builder, node in
      let (a, b) = try compared(&builder, node)
      return [builder.emit("Not", [builder.emit("Equal", [a, b])])]
    }
    for (name, operation) in ["logical_and": "And", "logical_or": "Or", "logical_xor": "Xor"] {
      rules[name] = { builder, node in
        [builder.emit(operation, [try builder.value(node, "self"), try builder.value(node, "other")])]
      }
    }
    rules["masked_fill"] = { builder, node in
      let value =
        node["value"].map { if case .tensor = $0 { true } else { false } } == true
        ? try builder.value(node, "value")
        : try builder.scalar(try builder.real(node, "value", or: 0), type(builder, node))
      return [builder.emit("Where", [try builder.value(node, "mask"), value, try builder.value(node, "self")])]
    }
    rules["where"] = { builder, node in
      let condition = try builder.value(node, "condition")
      let (a, b) = try operands(&builder, node)
      return [builder.emit("Where", [condition, a, b])]
    }
    return rules
  }()

  /// The type of a step's result.
  static func result(_ builder: ONNXBuilder, _ node: Node) -> StoredType? {
    builder.type(node.outputNames.first)?.dtype
  }

  /// A tensor in the type of a step's result.
  static func cast(
    _ builder: inout ONNXBuilder, _ tensor: String, _ type: StoredType?, to node: Node
  ) throws -> String { try cast(&builder, tensor, type, to: result(builder, node)) }

  /// A tensor in another type.
  static func cast(
    _ builder: inout ONNXBuilder, _ tensor: String, _ type: StoredType?, to other: StoredType?
  ) throws -> String {
    guard let type, let other, type != other else { return tensor }
    guard let code = other.onnxCode else { throw ONNXBuilder.Problem("type \(other)") }
    return builder.emit("Cast", [tensor], [.int("to", code)])
  }

  /// Both operands in the type of the result.
  private static func operands(_ builder: inout ONNXBuilder, _ node: Node) throws -> (String, String) {
    let wanted = result(builder, node)
    let second = node["other"] == nil ? "exponent" : "other"
    return (
      try operand(&builder, node, "self", wanted), try operand(&builder, node, second, wanted)
    )
  }

  /// Both operands in one type in which they can be compared.
  private static func compared(_ builder: inout ONNXBuilder, _ node: Node) throws -> (String, String) {
    let types = ["self", "other"].compactMap { builder.type(node, $0)?.dtype }
    var wanted = types.first
    if types.count == 2, types[0] != types[1] { wanted = types.first(where: \.isFloat) ?? .i64 }
    if types.count == 1, types[0].isWhole, case .float? = node["other"] { wanted = .f32 }
    return (try operand(&builder, node, "self", wanted), try operand(&builder, node, "other", wanted))
  }

  private static func operand(
    _ builder: inout ONNXBuilder, _ node: Node, _ argument: String, _ wanted: StoredType?
  ) throws -> String {
    switch node[argument] {
    case .tensor(let name)?:
      return try cast(&builder, try builder.value(name), builder.type(name)?.dtype, to: wanted)
    case .symbolicInt(.name)?:
      // Of one entry: broadcast like a number.
      let number = builder.emit(
        "Squeeze", [try builder.number(node, tensor: argument, or: 0), builder.ints([0])])
      return try cast(&builder, number, .i64, to: wanted)
    default: return try builder.scalar(try builder.real(node, argument, or: 0), wanted)
    }
  }
}
