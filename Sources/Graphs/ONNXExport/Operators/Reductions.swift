import Checkpoints

extension ONNXOperators {
  /// Sums, means and largest entries along dimensions.
  static let reductions: [String: ONNXBuilder.Rule] = [
    "mean": { try reduction("ReduceMean", &$0, $1) }, "sum": { try reduction("ReduceSum", &$0, $1) },
    "amax": { try reduction("ReduceMax", &$0, $1) }, "amin": { try reduction("ReduceMin", &$0, $1) },
    "prod": { try reduction("ReduceProd", &$0, $1) },
    "argmax": { try place("ArgMax", &$0, $1) }, "argmin": { try place("ArgMin", &$0, $1) },
  ]

  private static func reduction(
    _ operation: String, _ builder: inout ONNXBuilder, _ node: Node
  ) throws -> [String] {
    let x = try cast(&builder, try input(&builder, node), type(builder, node), to: node)
    return [
      try reduce(
        operation, x, try builder.numbers(node, "dim") ?? [], keeping: try builder.flag(node, "keepdim"), &builder)
    ]
  }

  /// Reduces along axes, all where there are none.
  static func reduce(
    _ operation: String, _ tensor: String, _ axes: [Int], keeping: Bool, _ builder: inout ONNXBuilder
  ) throws -> String {
    builder.emit(
      operation, [tensor] + (axes.isEmpty ? [] : [builder.ints(axes)]), [.int("keepdims", keeping ? 1 : 0)])
  }

  private static func place(_ operation: String, _ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    guard let axis = try builder.numbers(node, "dim")?.first else {
      throw ONNXBuilder.Problem("the place among all entries")
    }
    return [
      builder.emit(
        operation, [try input(&builder, node)],
        [.int("axis", axis), .int("keepdims", try builder.flag(node, "keepdim") ? 1 : 0)])
    ]
  }
}
