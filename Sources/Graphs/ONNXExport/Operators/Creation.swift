import Checkpoints
import ONNXFormat

extension ONNXOperators {
  /// New tensors of one number.
  static let creation: [String: ONNXBuilder.Rule] = [
    "new_zeros": { try filled(0, &$0, $1) }, "zeros": { try filled(0, &$0, $1) },
    "new_ones": { try filled(1, &$0, $1) },
    "ones": { try filled(1, &$0, $1) },
    "full": { try filled(try $0.real($1, "fill_value", or: 0), &$0, $1) },
    "new_full": { try filled(try $0.real($1, "fill_value", or: 0), &$0, $1) },
    "zeros_like": { try like(0, &$0, $1) }, "ones_like": { try like(1, &$0, $1) },
    "full_like": { try like(try $0.real($1, "fill_value", or: 0), &$0, $1) },
    "zero": { try fill(try $0.scalar(0, type($0, $1)), &$0, $1) },
    "fill": { builder, node in
      if case .tensor(let name)? = node["value"] {
        let value = try cast(
          &builder, try builder.value(name), builder.type(name)?.dtype, to: type(builder, node))
        return try fill(value, &builder, node)
      }
      return try fill(
        try builder.scalar(try builder.real(node, "value", or: 0), type(builder, node)), &builder, node)
    },
    "arange": { builder, node in
      let start = try builder.number(node, "start", or: 0)
      let end = try builder.number(node, "end", or: 0)
      let step = try builder.number(node, "step", or: 1)
      guard step != 0 else { throw ONNXBuilder.Problem("a step of 0") }
      let values = Array(stride(from: start, to: end, by: step))
      return [builder.tensor(values.map(Double.init), shape: [values.count], result(builder, node) ?? .i64)]
    },
  ]

  private static func filled(_ value: Double, _ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    let shape = try builder.sizes(node, "size")
    return [builder.emit("Expand", [try builder.scalar(value, result(builder, node)), shape])]
  }

  private static func like(_ value: Double, _ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    let shape = builder.emit("Shape", [try input(&builder, node)])
    return [builder.emit("Expand", [try builder.scalar(value, result(builder, node)), shape])]
  }

  /// The input's shape with one number everywhere.
  private static func fill(_ value: String, _ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    let filled = builder.emit("Expand", [value, builder.emit("Shape", [try input(&builder, node)])])
    builder.fills[filled] = value
    return [filled]
  }
}
