/// What can go wrong with running a graph.
public enum GraphRunError: Error, Equatable, Sendable {
  /// Steps that cannot be run, each with its module and the reason.
  case unsupported([UnsupportedStep])
  /// Tensors of the module that cannot be had, each with the reason.
  case weights([String])
  /// The caller's inputs do not fit.
  case input(name: String, expected: String, found: String)
  /// A step failed.
  case step(operation: String, module: String, message: String)

  /// A step that cannot be run.
  public struct UnsupportedStep: Hashable, Sendable {
    /// The operator as the graph names it.
    public var operation: String
    /// The path of the module that calls it.
    public var module: String
    /// Why not.
    public var reason: String
  }
}

extension GraphRunError: CustomStringConvertible {
  /// One sentence: what was expected and found, and what to do.
  public var description: String {
    switch self {
    case .unsupported(let steps):
      "the graph has \(steps.count) step\(steps.count == 1 ? "" : "s") that cannot be run: "
        + steps.prefix(5).map {
          "\($0.operation)\($0.module.isEmpty ? "" : " in \($0.module)") (\($0.reason))"
        }.joined(separator: ", ") + (steps.count > 5 ? " and \(steps.count - 5) more" : "")
        + "; run it in Python, or export the model without them"
    case .weights(let problems):
      "the model's tensors cannot be had: " + problems.prefix(5).joined(separator: ", ")
        + (problems.count > 5 ? " and \(problems.count - 5) more" : "") + "; export the model again"
    case .input(let name, let expected, let found):
      "input '\(name)': expected \(expected), found \(found)"
    case .step(let operation, let module, let message):
      "\(operation)\(module.isEmpty ? "" : " in \(module)"): \(message)"
    }
  }
}
