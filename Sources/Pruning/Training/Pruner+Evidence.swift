import NN
import Recipes
import Torch

extension Pruner {
  /// The optimiser where it is an Adam whose moments tell what is needed of all weights; those of half types are too coarse.
  static func adam(
    _ optimizer: (any Optimizer)?, of numbers: [Int], _ weights: ModelWeights, _ evidence: Evidence
  ) -> Adam? {
    guard let adam = optimizer as? Adam, isMoment(evidence) else { return nil }
    let held = Set(adam.parameters.map(\.identity))
    let isWhole = numbers.allSatisfy { number in
      let parameter = weights.parameter(number)
      return held.contains(parameter.identity) && !parameter.dtype.isHalf
    }
    return isWhole ? adam : nil
  }

  /// What gathers the evidence where no optimiser has it; nil where none is needed.
  static func collector(
    _ weights: ModelWeights, of numbers: [Int], _ evidence: Evidence, unless adam: Adam?
  ) -> EvidenceCollector? {
    guard evidence != .none, adam == nil else { return nil }
    return EvidenceCollector(weights, of: numbers, evidence, decay: isMoment(evidence) ? 0.999 : nil)
  }

  private static func isMoment(_ evidence: Evidence) -> Bool { evidence == .gradients || evidence == .squaredGradients }

  /// What the criterion needs beside the weights, by their numbers.
  var evidence: EvidenceValues? {
    if let collector { return collector.values }
    guard let adam else { return nil }
    return { [weights, recipe] number in
      let parameter = weights.parameter(number)
      guard let moments = adam.moments(of: parameter) else {
        // Without a step there was no gradient: the loss does not depend on the weight, unless it is frozen by now.
        return parameter.requiresGrad ? Array(repeating: 0, count: parameter.count) : []
      }
      return (recipe.criterion.evidence == .gradients ? moments.mean : moments.square).array(of: Double.self)
    }
  }
}
