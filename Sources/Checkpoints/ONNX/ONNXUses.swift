import ONNXFormat

/// Which nodes take which tensors, also by way of nodes that only pass them on.
struct ONNXUses {
  /// A tensor on its way.
  struct Source: Hashable {
    var tensor: String
    var isTransposed = false
  }

  /// The tensors that values are made of, at some place of a graph.
  typealias Scope = [String: [Source]]

  private(set) var byTensor: [String: [TensorUse]] = [:]

  /// Notes what a node takes.
  ///
  /// - Parameter scope: The values known at that place, by name; what the node passes on is added.
  mutating func add(_ node: ONNXNodeProto, _ scope: inout Scope) {
    for (number, name) in node.input.enumerated() {
      guard let sources = scope[name] else { continue }
      if Self.passesOn(node, number) {
        let turns = Self.transposes(node)
        for output in node.output {
          scope[output, default: []] += sources.map {
            Source(tensor: $0.tensor, isTransposed: $0.isTransposed != turns)
          }
        }
        continue
      }
      for source in sources {
        byTensor[source.tensor, default: []].append(
          TensorUse(
            operation: node.domain.isEmpty || node.domain == "ai.onnx" ? node.opType : "\(node.domain)::\(node.opType)",
            input: number, node: node.label, isTransposed: source.isTransposed != Self.exchanges(node, number)))
      }
    }
  }

  /// Whether the outputs consist of an input's entries, in another type or order, or of parts of them.
  private static func passesOn(_ node: ONNXNodeProto, _ input: Int) -> Bool {
    guard node.domain.isEmpty || node.domain == "ai.onnx" else { return false }
    return switch node.opType {
    case "Identity", "Cast", "CastLike", "Slice", "Unsqueeze", "Squeeze", "Split": input == 0
    case "Transpose": transposes(node)
    case "Concat": true
    default: false
    }
  }

  /// Whether a node exchanges the last two dimensions of its input and leaves the others.
  private static func transposes(_ node: ONNXNodeProto) -> Bool {
    guard node.opType == "Transpose" else { return false }
    guard let order = node.attribute.first(where: { $0.name == "perm" })?.ints, order.count >= 2 else { return false }
    var wanted = order.indices.map { Int64($0) }
    wanted.swapAt(order.count - 1, order.count - 2)
    return order == wanted
  }

  /// Whether an operator takes its input the other way round by an attribute: `transB` of Gemm.
  private static func exchanges(_ node: ONNXNodeProto, _ input: Int) -> Bool {
    guard ["Gemm", "FusedGemm", "FusedMatMul"].contains(node.opType), input < 2 else { return false }
    return node.attribute.contains { $0.name == (input == 0 ? "transA" : "transB") && $0.i != 0 }
  }
}

extension ONNXNodeProto {
  /// The node's name, or that of its first output where it has none.
  package var label: String { name.isEmpty ? output.first { !$0.isEmpty } ?? opType : name }
}
