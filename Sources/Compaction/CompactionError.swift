/// Why a model cannot be made smaller as asked. Nothing was written.
public enum CompactionError: Error, Hashable, Sendable {
  /// The model's file lacks tensors that its graph takes.
  case weights([String])
  /// There is nothing that could go; what keeps the model whole.
  case nothingRemovable([FreezeReason])
  /// No choice reaches the target; the least that remains of what was asked for.
  case outOfReach(target: String, least: String)
  /// A search has found that no choice reaches a goal; what it has found.
  case budget(goal: String, found: String)
}

extension CompactionError: CustomStringConvertible {
  /// One sentence: what was expected and found, and what to do.
  public var description: String {
    switch self {
    case .weights(let names):
      "make the model smaller: expected all tensors that its graph takes, found none for "
        + names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
        + "; export the model again, with its weights"
    case .nothingRemovable(let reasons):
      "make the model smaller: expected channels that can go, found none"
        + (reasons.isEmpty
          ? ""
          : ": " + reasons.prefix(5).map(\.description).joined(separator: ", ")
            + (reasons.count > 5 ? " and \(reasons.count - 5) more reasons" : ""))
        + "; keep fewer layers whole, or add rules for operators that are not known"
    case .outOfReach(let target, let least):
      "make the model smaller: expected a way to \(target), found that at least \(least) remain; ask for more to remain, "
        + "or keep fewer layers whole"
    case .budget(let goal, let found):
      "make the model smaller: expected a way to \(goal), found \(found); ask for less, or keep fewer layers whole"
    }
  }
}
