/// Why an ONNX graph, or one of its nodes, cannot be said with PyTorch's operators.
public enum ONNXGraphError: Error, Hashable, Sendable {
  /// A node whose operator, attributes or types are not followed.
  case unsupported(ONNXRefusal)
  /// The model is of a version that is not read.
  case version(domain: String, found: Int)
  /// The graph contradicts itself.
  case invalid(node: String, problem: String)
}

/// A node of an ONNX graph that is not followed.
public struct ONNXRefusal: Hashable, Sendable {
  /// The operator, with its domain where that is not the default one: `Conv`, `com.microsoft.FusedConv`.
  public var operation: String
  /// The node's name, or that of its first output where it has none.
  public var node: String
  /// Why, as a clause.
  public var reason: String
  /// The value whose content would have to be known before the model runs, where that is the reason.
  public var missing: String?
}

extension ONNXGraphError: CustomStringConvertible {
  /// One sentence: what was found, and what to do.
  public var description: String {
    switch self {
    case .unsupported(let refusal):
      "\(refusal.operation) (\(refusal.node)): \(refusal.reason); "
        + (refusal.missing.map { "export the model with '\($0)' as a constant" }
          ?? "run the model in ONNX Runtime, or export it without that")
    case .version(let domain, let found):
      "the model uses version \(found) of the operators of '\(domain.isEmpty ? "ai.onnx" : domain)'; versions from 7 on are "
        + "read: convert it with onnx.version_converter"
    case .invalid(let node, let problem): "the graph contradicts itself at '\(node)': \(problem); export it again"
    }
  }
}
