/// How many multiplications, each with its addition, an operator takes.
enum MACRules {
  /// The operators that are counted.
  static let names: Set<String> = [
    "conv1d", "conv2d", "conv3d", "convolution", "_convolution", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "linear", "bilinear", "mm", "bmm", "matmul", "mv", "dot", "linalg_matmul", "addmm", "baddbmm",
    "scaled_dot_product_attention", "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_efficient_attention", "_scaled_dot_product_flash_attention", "einsum", "lstm", "gru",
    "rnn_tanh", "rnn_relu",
  ]

  /// - Parameters:
  ///   - node: the step.
  ///   - input: the shape of an argument by its name in the schema.
  ///   - output: the shape of the first result.
  ///   - shape: the shape of a value by its name in the graph.
  /// - Returns: nil for an operator without a rule, or of unknown shapes.
  static func count(
    _ node: Node, input: (String) -> [Int]?, output: [Int]?, shape: (String) -> [Int]?
  ) -> Int? {
    switch node.baseName {
    case "conv1d", "conv2d", "conv3d": convolution(input("weight"), positions: output)
    case "convolution", "_convolution":
      convolution(input("weight"), positions: node["transposed"] == .bool(true) ? input("input") : output)
    case "conv_transpose1d", "conv_transpose2d", "conv_transpose3d":
      convolution(input("weight"), positions: input("input"))
    case "linear": product(rows(input("input")), size(input("weight")))
    case "bilinear": product(rows(input("input1")), size(input("weight")))
    case "mm", "bmm", "matmul", "mv", "dot", "linalg_matmul":
      product(size(output), (input("self") ?? input("input"))?.last)
    case "addmm": product(size(output), input("mat1")?.last)
    case "baddbmm": product(size(output), input("batch1")?.last)
    case "scaled_dot_product_attention", "_scaled_dot_product_flash_attention_for_cpu",
      "_scaled_dot_product_efficient_attention", "_scaled_dot_product_flash_attention":
      attention(input("query"), input("key"), input("value"))
    case "einsum": einsum(node, shape)
    case "lstm", "gru", "rnn_tanh", "rnn_relu": recurrent(node, input("input"), shape)
    default: nil
    }
  }

  private static func size(_ shape: [Int]?) -> Int? { shape.flatMap { product($0) } }

  private static func rows(_ shape: [Int]?) -> Int? { shape.flatMap { product(Array($0.dropLast())) } }

  private static func product(_ a: Int?, _ b: Int?) -> Int? {
    guard let a, let b else { return nil }
    return product([a, b])
  }

  /// The product, or nil where it leaves `Int`.
  private static func product(_ factors: [Int]) -> Int? {
    var result = 1
    for factor in factors {
      let (next, overflow) = result.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      result = next
    }
    return result
  }

  /// - Parameter positions: [N, C, ...], or [C, ...] without a batch.
  private static func convolution(_ weight: [Int]?, positions: [Int]?) -> Int? {
    guard let weight, let positions, weight.count >= 3 else { return nil }
    let spatial = positions.suffix(weight.count - 2)
    let batch = positions.count == weight.count ? positions[0] : 1
    return product([batch, product(Array(spatial)) ?? 0, product(weight) ?? 0])
  }

  private static func attention(_ query: [Int]?, _ key: [Int]?, _ value: [Int]?) -> Int? {
    guard let query, let key, let value, query.count >= 2, key.count >= 2, let size = query.last, let width = value.last
    else { return nil }
    return product([product(Array(query.dropLast())) ?? 0, key[key.count - 2], size + width])
  }

  private static func einsum(_ node: Node, _ shape: (String) -> [Int]?) -> Int? {
    guard case .string(let equation)? = node["equation"], case .tensors(let names)? = node["tensors"], names.count == 2,
      let left = equation.split(separator: ">").first
    else { return nil }
    let operands = left.filter { $0 != "-" && $0 != " " }.split(separator: ",")
    guard operands.count == 2 else { return nil }
    var sizes: [Character: Int] = [:]
    for (letters, name) in zip(operands, names) {
      guard let shape = shape(name), shape.count == letters.count else { return nil }
      for (letter, size) in zip(letters, shape) { sizes[letter] = max(sizes[letter] ?? 1, size) }
    }
    return product(Array(sizes.values))
  }

  private static func recurrent(_ node: Node, _ input: [Int]?, _ shape: (String) -> [Int]?) -> Int? {
    guard let input, case .tensors(let names)? = node["params"] else { return nil }
    let matrices = names.compactMap(shape).filter { $0.count == 2 }
    return product(rows(input), matrices.reduce(0) { $0 + $1[0] * $1[1] })
  }
}
