import Checkpoints

extension ONNXOperators {
  /// Products of matrices, and attention, which is made of two.
  static let products: [String: ONNXBuilder.Rule] = [
    "linear": linear, "matmul": matmul, "mm": matmul, "bmm": matmul, "addmm": addmm, "einsum": einsum,
    "scaled_dot_product_attention": attention,
  ]

  private static func linear(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    let (x, weight) = (try builder.value(node, "input"), try builder.value(node, "weight"))
    let bias = try builder.optional(node, "bias")
    if try builder.rank(node, "input") == 2 {
      return [builder.emit("Gemm", [x, weight] + (bias.map { [$0] } ?? []), [.int("transB", 1)])]
    }
    let product = builder.emit("MatMul", [x, builder.emit("Transpose", [weight], [.ints("perm", [1, 0])])])
    return [bias.map { builder.emit("Add", [product, $0]) } ?? product]
  }

  private static func matmul(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    let second = node["mat2"] == nil ? "other" : "mat2"
    return [builder.emit("MatMul", [try input(&builder, node), try builder.value(node, second)])]
  }

  private static func addmm(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    [
      builder.emit(
        "Gemm",
        [try builder.value(node, "mat1"), try builder.value(node, "mat2"), try builder.value(node, "self")],
        [
          .float("alpha", try builder.real(node, "alpha", or: 1)),
          .float("beta", try builder.real(node, "beta", or: 1)),
        ])
    ]
  }

  private static func einsum(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    guard case .string(let equation)? = node["equation"], case .tensors(let names)? = node["tensors"] else {
      throw ONNXBuilder.Problem("there is no equation")
    }
    return [builder.emit("Einsum", try names.map { try builder.value($0) }, [.string("equation", equation)])]
  }

  private static func attention(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    guard try builder.real(node, "dropout_p", or: 0) == 0 else { throw ONNXBuilder.Problem("dropout, as in training") }
    guard !(try builder.flag(node, "enable_gqa")) else { throw ONNXBuilder.Problem("groups of queries") }
    guard let query = builder.type(node, "query"), let key = builder.type(node, "key"),
      let width = query.sizes.last?.fixed
    else { throw ONNXBuilder.Problem("the size of a query is not known") }
    let dtype = query.dtype
    // Half of the scale on either side, as PyTorch does it.
    let factor = try builder.scalar(
      try builder.real(node, "scale", or: 1 / Double(width).squareRoot()).squareRoot(), dtype)
    var order = Array(key.sizes.indices)
    order.swapAt(order.count - 1, order.count - 2)
    let turned = builder.emit("Transpose", [try builder.value(node, "key")], [.ints("perm", order)])
    var scores = builder.emit(
      "MatMul",
      [builder.emit("Mul", [try builder.value(node, "query"), factor]), builder.emit("Mul", [turned, factor])])
    if try builder.flag(node, "is_causal") {
      guard let rows = query.sizes[query.sizes.count - 2].fixed, let columns = key.sizes[key.sizes.count - 2].fixed
      else {
        throw ONNXBuilder.Problem("a causal mask of unknown size")
      }
      let entries = (0..<rows * columns).map { $0 % columns > $0 / columns ? -Double.infinity : 0 }
      scores = builder.emit("Add", [scores, builder.tensor(entries, shape: [rows, columns], dtype ?? .f32)])
    }
    if let mask = try builder.optional(node, "attn_mask") {
      if builder.type(node, "attn_mask")?.dtype == .bool {
        scores = builder.emit("Where", [mask, scores, try builder.scalar(-.infinity, dtype)])
      } else {
        scores = builder.emit("Add", [scores, mask])
      }
    }
    let shares = builder.emit("Softmax", [scores], [.int("axis", -1)])
    return [builder.emit("MatMul", [shares, try builder.value(node, "value")])]
  }
}
