import Compaction

/// Why a module cannot be made smaller where it stands. It is as it was.
public enum ModuleCompactionError: Error, Hashable, Sendable {
  /// Steps of the forward pass, or weights, that cannot follow the choice, each with the reason.
  case problems([FreezeReason])
  /// The smaller module computes something else than it should: the largest difference relative to the largest output.
  case difference(Double, limit: Double)
}

extension ModuleCompactionError: CustomStringConvertible {
  /// One sentence: what was expected and found, and what to do.
  public var description: String {
    switch self {
    case .problems(let problems):
      "make the module smaller: expected a forward pass that follows its weights, found "
        + problems.prefix(5).map(\.description).joined(separator: "; ")
        + (problems.count > 5 ? "; and \(problems.count - 5) more" : "")
        + "; take sizes from tensors (flatten(1) in place of view(-1, 400)), or exclude the layer before it in the recipe"
    case .difference(let found, let limit):
      "make the module smaller: expected outputs that differ by at most \(limit) of the largest, found \(found); trace "
        + "the module (TracedModule) and read its notes for what a graph does not follow"
    }
  }
}
