import Recipes
import Torch

extension ModelWeights {
  /// Throws where gradients are to tell how important weights are, and some of them are frozen: they would pass for
  /// weights that the loss does not depend on, and go first.
  func requireGradients(of numbers: [Int], for evidence: Evidence) throws(RecipeError) {
    guard evidence.isOfGradients else { return }
    let frozen = numbers.filter { !parameter($0).requiresGrad }
    guard !frozen.isEmpty else { return }
    let named = frozen.prefix(3).map { "'\(weights[$0].path)'" }.joined(separator: ", ")
    throw RecipeError(
      .noEvidence, "gather \(evidence.rawValue)", expected: "weights that record gradients",
      found: "\(frozen.count) frozen, \(named)" + (frozen.count > 3 ? " the first" : ""),
      advice: "exclude them from the recipe, or let them learn with freeze(false)")
  }
}
