import Checkpoints
import ONNXFormat

extension ONNXOperators {
  /// Pooling.
  static let pools: [String: ONNXBuilder.Rule] = [
    "max_pool1d": { try pool("MaxPool", 1, &$0, $1) }, "max_pool2d": { try pool("MaxPool", 2, &$0, $1) },
    "max_pool3d": { try pool("MaxPool", 3, &$0, $1) }, "avg_pool1d": { try pool("AveragePool", 1, &$0, $1) },
    "avg_pool2d": { try pool("AveragePool", 2, &$0, $1) }, "avg_pool3d": { try pool("AveragePool", 3, &$0, $1) },
    "adaptive_avg_pool1d": { try adaptive("ReduceMean", 1, &$0, $1) },
    "adaptive_avg_pool2d": { try adaptive("ReduceMean", 2, &$0, $1) },
    "adaptive_avg_pool3d": { try adaptive("ReduceMean", 3, &$0, $1) },
    "adaptive_max_pool2d": { try adaptive("ReduceMax", 2, &$0, $1) },
    "upsample_nearest2d": { try resize("nearest", &$0, $1) },
    "upsample_bilinear2d": { try resize("linear", &$0, $1) },
  ]

  private static func pool(
    _ operation: String, _ spatial: Int, _ builder: inout ONNXBuilder, _ node: Node
  ) throws -> [String] {
    guard try builder.rank(node, "self") == spatial + 2 else { throw ONNXBuilder.Problem("an input without a batch") }
    let kernel = try builder.numbers(node, "kernel_size", count: spatial, or: 1)
    let stride = try builder.numbers(node, "stride") ?? []
    let padding = try builder.numbers(node, "padding", count: spatial, or: 0)
    var attributes: [ONNXAttributeProto] = [
      .ints("kernel_shape", kernel), .ints("pads", padding + padding),
      .ints("strides", stride.isEmpty ? kernel : try builder.numbers(node, "stride", count: spatial, or: 1)),
      .int("ceil_mode", try builder.flag(node, "ceil_mode") ? 1 : 0),
    ]
    if operation == "MaxPool" {
      attributes.append(.ints("dilations", try builder.numbers(node, "dilation", count: spatial, or: 1)))
    } else {
      if let divisor = node["divisor_override"], divisor != .none { throw ONNXBuilder.Problem("a divisor of its own") }
      attributes.append(.int("count_include_pad", try builder.flag(node, "count_include_pad", or: true) ? 1 : 0))
    }
    return [builder.emit(operation, [try input(&builder, node)], attributes)]
  }

  /// Each dimension by itself: whole, as it is, in equal windows, or in windows that overlap.
  private static func adaptive(
    _ reduction: String, _ spatial: Int, _ builder: inout ONNXBuilder, _ node: Node
  ) throws -> [String] {
    let wanted = try builder.numbers(node, "output_size", count: spatial, or: 1)
    let rank = try builder.rank(node, "self")
    var result = try input(&builder, node)
    let isMean = reduction == "ReduceMean"
    if wanted.allSatisfy({ $0 == 1 }), rank == spatial + 2 {
      return [builder.emit(isMean ? "GlobalAveragePool" : "GlobalMaxPool", [result])]
    }
    let sizes = builder.type(node, "self")?.sizes ?? []
    for (index, count) in wanted.enumerated() {
      let axis = rank - spatial + index
      if count == 1 {
        result = try reduce(reduction, result, [axis], keeping: true, &builder)
        continue
      }
      guard let size = sizes[axis].fixed else { throw ONNXBuilder.Problem("the size of the input is not known") }
      guard count != size else { continue }
      var parts: [String] = []
      for place in 0..<count {
        let (start, end) = (place * size / count, ((place + 1) * size + count - 1) / count)
        let part = builder.emit(
          "Slice", [result, builder.ints([start]), builder.ints([end]), builder.ints([axis])])
        parts.append(try reduce(reduction, part, [axis], keeping: true, &builder))
      }
      result = builder.emit("Concat", parts, [.int("axis", axis)])
    }
    return [result]
  }

  private static func resize(_ mode: String, _ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    guard let sizes = builder.type(node.outputNames.first)?.sizes, sizes.count == 4, let height = sizes[2].fixed,
      let width = sizes[3].fixed
    else { throw ONNXBuilder.Problem("the size of the result is not known") }
    let x = try input(&builder, node)
    let batch = builder.emit("Shape", [x], [.int("start", 0), .int("end", 2)])
    let shape = builder.emit("Concat", [batch, builder.ints([height, width])], [.int("axis", 0)])
    let corners = try builder.flag(node, "align_corners")
    let places = mode == "nearest" ? "asymmetric" : corners ? "align_corners" : "half_pixel"
    var attributes: [ONNXAttributeProto] = [
      .string("mode", mode), .string("coordinate_transformation_mode", places),
    ]
    if mode == "nearest" { attributes.append(.string("nearest_mode", "floor")) }
    return [builder.emit("Resize", [x, "", "", shape], attributes)]
  }
}
