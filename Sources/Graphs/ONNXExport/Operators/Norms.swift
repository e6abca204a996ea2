import Checkpoints

extension ONNXOperators {
  /// Normalisations.
  static let norms: [String: ONNXBuilder.Rule] = [
    "batch_norm": batchNorm, "_native_batch_norm_legit_no_training": batchNorm,
    "layer_norm": layerNorm, "group_norm": groupNorm, "instance_norm": instanceNorm, "rms_norm": rmsNorm,
  ]

  private static func batchNorm(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    guard !(try builder.flag(node, "training")) else {
      throw ONNXBuilder.Problem("it normalises by the batch, as in training; export the model in evaluation")
    }
    guard let mean = try builder.optional(node, "running_mean"), let type = builder.type(node, "running_mean"),
      let count = type.shape?.first
    else { throw ONNXBuilder.Problem("there are no running statistics") }
    let variance = try builder.value(node, "running_var")
    let dtype = type.dtype ?? .f32
    let (weight, bias) = (try builder.optional(node, "weight"), try builder.optional(node, "bias"))
    let input = try builder.value(node, node["input"] == nil ? "self" : "input")
    return [
      builder.emit(
        "BatchNormalization",
        [
          input, weight ?? builder.tensor(Array(repeating: 1, count: count), shape: [count], dtype),
          bias ?? builder.tensor(Array(repeating: 0, count: count), shape: [count], dtype), mean, variance,
        ], [.float("epsilon", try builder.real(node, "eps", or: 1e-5))])
    ]
  }

  private static func layerNorm(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    guard let shape = try builder.numbers(node, "normalized_shape") else {
      throw ONNXBuilder.Problem("there is no 'normalized_shape'")
    }
    let (weight, bias) = (try builder.optional(node, "weight"), try builder.optional(node, "bias"))
    let ones =
      weight
      ?? builder.tensor(
        Array(repeating: 1, count: shape.reduce(1, *)), shape: shape, builder.type(node, "input")?.dtype ?? .f32)
    return [
      builder.emit(
        "LayerNormalization", [try builder.value(node, "input"), ones] + (bias.map { [$0] } ?? []),
        [.int("axis", -shape.count), .float("epsilon", try builder.real(node, "eps", or: 1e-5))])
    ]
  }

  private static func rmsNorm(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    guard let shape = try builder.numbers(node, "normalized_shape") else {
      throw ONNXBuilder.Problem("there is no 'normalized_shape'")
    }
    let dtype = builder.type(node, "input")?.dtype
    let input = try builder.value(node, "input")
    let epsilon = try builder.scalar(try builder.real(node, "eps", or: dtype == .f64 ? 0x1p-52 : 0x1p-23), dtype)
    let axes = builder.ints(Array(-shape.count..<0))
    let mean = builder.emit("ReduceMean", [builder.emit("Mul", [input, input]), axes])
    let scaled = builder.emit("Div", [input, builder.emit("Sqrt", [builder.emit("Add", [mean, epsilon])])])
    guard let weight = try builder.optional(node, "weight") else { return [scaled] }
    return [builder.emit("Mul", [scaled, weight])]
  }

  /// As many instances as there are groups, normalised by themselves, then scaled channel by channel.
  private static func groupNorm(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    guard let type = builder.type(node, "input"), type.sizes.count >= 2, let channels = type.sizes[1].fixed else {
      throw ONNXBuilder.Problem("the number of channels is not known")
    }
    let groups = try builder.number(node, "num_groups", or: 1)
    let dtype = type.dtype ?? .f32
    let input = try builder.value(node, "input")
    let parts = builder.emit("Reshape", [input, builder.ints([0, groups, -1])])
    let ones = builder.tensor(Array(repeating: 1, count: groups), shape: [groups], dtype)
    let zeros = builder.tensor(Array(repeating: 0, count: groups), shape: [groups], dtype)
    let normal = builder.emit(
      "InstanceNormalization", [parts, ones, zeros], [.float("epsilon", try builder.real(node, "eps", or: 1e-5))])
    var result = builder.emit("Reshape", [normal, builder.emit("Shape", [input])])
    let shape = builder.ints([channels] + Array(repeating: 1, count: type.sizes.count - 2))
    for (argument, operation) in [("weight", "Mul"), ("bias", "Add")] {
      guard let tensor = try builder.optional(node, argument) else { continue }
      result = builder.emit(operation, [result, builder.emit("Reshape", [tensor, shape])])
    }
    return [result]
  }

  private static func instanceNorm(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    guard try builder.flag(node, "use_input_stats", or: true) else {
      throw ONNXBuilder.Problem("it normalises by running statistics")
    }
    guard let type = builder.type(node, "input"), type.sizes.count >= 2, let channels = type.sizes[1].fixed else {
      throw ONNXBuilder.Problem("the number of channels is not known")
    }
    let dtype = type.dtype ?? .f32
    let (weight, bias) = (try builder.optional(node, "weight"), try builder.optional(node, "bias"))
    return [
      builder.emit(
        "InstanceNormalization",
        [
          try builder.value(node, "input"),
          weight ?? builder.tensor(Array(repeating: 1, count: channels), shape: [channels], dtype),
          bias ?? builder.tensor(Array(repeating: 0, count: channels), shape: [channels], dtype),
        ], [.float("epsilon", try builder.real(node, "eps", or: 1e-5))])
    ]
  }
}
