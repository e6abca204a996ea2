import FilePruning
import Recipes

extension FileReport {
  /// Says which weights stay because of another of their names.
  func remarkOnTies() {
    guard let first = ties.first else { return }
    let more = ties.count > 1 ? " (and \(ties.count - 1) more like it)" : ""
    bonsai.remark(
      "'\(first.name)' is left alone: it shares its memory with '\(first.other)', \(first.role.rawValue)\(more); "
        + "--include prunes both")
  }
}

extension PruningReport {
  /// Says on standard error what a user should know of a result: weights that stay whole, weights of which nothing is
  /// left, and that nothing was done.
  func remark(on recipe: Recipe) {
    if let first = leftWhole.first {
      let more = leftWhole.count > 1 ? ", with \(leftWhole.count - 1) more that --json lists" : ""
      bonsai.remark("\(recipe.pattern) does not fit '\(first.name)': \(first.reason); left whole\(more)")
    }
    if !emptied.isEmpty {
      bonsai.remark(
        "nothing is left of \(emptied.map { "'\($0)'" }.joined(separator: ", ")); --at-least keeps a share of each",
        as: "warning")
    }
    if newlyPruned == 0, pruned > 0 {
      bonsai.remark(
        "nothing more was pruned: \(pruned) entries were 0 before; --sparsity says how much is to be 0 afterwards")
    }
  }
}
