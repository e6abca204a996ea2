import Checkpoints
import ONNXFormat

extension ONNXOperators {
  /// Convolutions and their transposes.
  static let convolutions: [String: ONNXBuilder.Rule] = [
    "conv1d": convolution, "conv2d": convolution, "conv3d": convolution, "convolution": convolution,
    "conv_transpose1d": transposed, "conv_transpose2d": transposed, "conv_transpose3d": transposed,
  ]

  private static func convolution(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    if try builder.flag(node, "transposed") { return try transposed(&builder, node) }
    var attributes = try common(builder, node)
    if case .string(let padding)? = node["padding"] {
      attributes.append(.string("auto_pad", padding == "same" ? "SAME_UPPER" : "VALID"))
    } else {
      attributes.append(.ints("pads", try pads(builder, node)))
    }
    return [builder.emit("Conv", try inputs(&builder, node), attributes)]
  }

  private static func transposed(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    let spatial = try spatial(builder, node)
    let attributes =
      try common(builder, node) + [
        .ints("pads", try pads(builder, node)),
        .ints("output_padding", try builder.numbers(node, "output_padding", count: spatial, or: 0)),
      ]
    return [builder.emit("ConvTranspose", try inputs(&builder, node), attributes)]
  }

  private static func spatial(_ builder: ONNXBuilder, _ node: Node) throws -> Int {
    let rank = try builder.rank(node, "weight")
    guard try builder.rank(node, "input") == rank else { throw ONNXBuilder.Problem("an input without a batch") }
    return rank - 2
  }

  private static func inputs(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    let bias = try builder.optional(node, "bias")
    return [try builder.value(node, "input"), try builder.value(node, "weight")] + (bias.map { [$0] } ?? [])
  }

  private static func pads(_ builder: ONNXBuilder, _ node: Node) throws -> [Int] {
    let padding = try builder.numbers(node, "padding", count: try spatial(builder, node), or: 0)
    return padding + padding
  }

  private static func common(
    _ builder: ONNXBuilder, _ node: Node
  ) throws -> [ONNXAttributeProto] {
    let spatial = try spatial(builder, node)
    var attributes: [ONNXAttributeProto] = [
      .ints("strides", try builder.numbers(node, "stride", count: spatial, or: 1)),
      .ints("dilations", try builder.numbers(node, "dilation", count: spatial, or: 1)),
      .int("group", try builder.number(node, "groups", or: 1)),
    ]
    if let shape = builder.type(node, "weight")?.shape {
      attributes.append(.ints("kernel_shape", Array(shape.dropFirst(2))))
    }
    return attributes
  }
}
