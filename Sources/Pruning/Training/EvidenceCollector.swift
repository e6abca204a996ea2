import NN
import Recipes
import Torch

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Gathers what criteria need beside the weights: moments of gradients, or sums over inputs.
///
/// ```swift
/// let evidence = try EvidenceCollector(model, .squaredGradients)
/// for (images, labels) in batches {
///   model.zeroGrad()
///   crossEntropy(model(images), labels).backward()
///   evidence.collect()
/// }
/// try Prune.apply(Recipe(.optimalBrainDamage, target: .sparsity(0.9)), to: model, evidence: evidence)
/// ```
///
/// What inputs say is gathered by hooks, of `Linear` and of convolutions that are not transposed, also where a model of
/// `torch.export` runs them; other weights have none. Labels are not needed for it, and ``collect()`` has nothing to do. The
/// Hessian and synaptic flow have calls of their own, ``collect(losses:)`` and ``collect(flowThrough:example:)``.
///
/// Memory: at most one tensor of each weight's shape; for products of inputs one of float64 whose sides are the entries of an
/// output.
public final class EvidenceCollector {
  /// What is gathered.
  public let evidence: Evidence
  /// How much of a mean remains from batch to batch; nil for the exact mean over all batches.
  public let decay: Double?
  /// How many batches have been gathered.
  public internal(set) var batches = 0
  /// What has been gathered of each weight, by its number.
  var sums: [Tensor?]
  let weights: ModelWeights
  /// The weights that it is gathered for.
  let numbers: [Int]
  /// Whether all of them are to be pruned, so that none may lack evidence.
  let isOfPlan: Bool
  private var hooks: [(module: Module, key: Int)] = []

  /// A collector for a model; what inputs say is gathered from now on.
  ///
  /// - Parameters:
  ///   - model: The model. Prune it before or after, but change none of its layers.
  ///   - evidence: What to gather.
  ///   - decay: How much of a mean remains from batch to batch, as Adam's betas; nil for the exact mean.
  public convenience init(_ model: Module, _ evidence: Evidence, decay: Double? = nil) throws {
    let weights = try ModelWeights(model)
    self.init(weights, of: Array(weights.weights.indices), isOfPlan: false, evidence, decay: decay)
  }

  init(
    _ weights: ModelWeights, of numbers: [Int], isOfPlan: Bool = true, _ evidence: Evidence, decay: Double? = nil
  ) {
    (self.weights, self.numbers, self.isOfPlan) = (weights, numbers, isOfPlan)
    (self.evidence, self.decay) = (evidence, decay)
    sums = Array(repeating: nil, count: weights.weights.count)
    guard evidence.isOfInputs else { return }
    for number in numbers where weights.parameter(number).rank >= 2 {
      for place in weights.places[number] {
        let tap = InputTap(weight: place.name) { [weak self] input in self?.add(input, number) }
        hooks.append((place.module, place.module.addForwardPreHook(tap)))
      }
    }
  }

  deinit { stop() }

  /// Ends the gathering of what inputs say.
  public func stop() {
    for (module, key) in hooks { module.removeForwardPreHook(key) }
    hooks = []
  }

  /// Forgets what has been gathered.
  public func reset() {
    batches = 0
    sums = Array(repeating: nil, count: sums.count)
  }

  /// Takes the gradients of a batch, after `backward()`. A parameter without a gradient counts as one of gradient 0, unless it
  /// is frozen: then there is no evidence of it. Sums of half types are kept in float32.
  public func collect() {
    switch evidence {
    case .gradients, .squaredGradients, .movement: break
    default: return
    }
    batches += 1
    var (parameters, gradients, found): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
    noGrad {
      for number in numbers {
        let parameter = weights.parameter(number)
        guard let gradient = parameter.grad else {
          if let decay { sums[number]?.multiplyInPlace(decay) }
          continue
        }
        let wide = gradient.widened
        let sum = sums[number] ?? wide.zerosLike()
        sums[number] = sum
        parameters.append(evidence == .movement ? parameter.widened : parameter)
        gradients.append(wide)
        found.append(sum)
      }
      guard !found.isEmpty else { return }
      // One call for all: what a single one costs is more than what it computes.
      switch evidence {
      case .movement: Foreach.addcmulInPlace(found, parameters, gradients, scale: -1)
      case .squaredGradients:
        if let decay { Foreach.multiplyInPlace(found, decay) }
        Foreach.addcmulInPlace(found, gradients, gradients, scale: decay.map { 1 - $0 } ?? 1)
      default:
        if let decay { Foreach.lerpInPlace(found, gradients, 1 - decay) } else { Foreach.addInPlace(found, gradients) }
      }
    }
  }

  /// What has been gathered for the weights of a model, by their numbers in a plan: the same model, maybe pruned since.
  func values(for other: ModelWeights) -> EvidenceValues {
    { [self] number in self.number(of: other, number).map(values) ?? [] }
  }

  /// The number here of a weight there.
  func number(of other: ModelWeights, _ number: Int) -> Int? {
    let parameter = other.parameter(number)
    return weights.weights.indices.first { weights.parameter($0).isSame(as: parameter) }
  }

  /// Throws where there is nothing of weights of a model because they are frozen.
  func check(_ numbers: [Int], of other: ModelWeights) throws(RecipeError) {
    guard batches > 0 else { return }
    let without = numbers.filter { number(of: other, $0).map { sums[$0] == nil } ?? false }
    try other.requireGradients(of: without, for: evidence)
  }

  /// What has been gathered of a weight: one number for each entry, none where there was nothing to gather.
  func values(_ number: Int) -> [Double] {
    guard let sum = sums[number] else {
      // Without a hook nothing flows in; without a gradient the loss does not depend on the weight, unless it is frozen.
      let isMissing = evidence.isOfInputs || batches == 0 || !weights.parameter(number).requiresGrad
      return isMissing ? [] : Array(repeating: 0, count: weights.weights[number].count)
    }
    return noGrad {
      switch evidence {
      case .activations: return spread(sum.to(.float64).sqrt().array(of: Double.self), number)
      case .activationMeans:
        // The last number counts the samples.
        let values = sum.array(of: Double.self)
        let samples = max(1, values.last ?? 1)
        return spread(values.dropLast().map { $0 / samples }, number)
      case .inputProducts: return []
      case .movement: return sum.array(of: Double.self)
      default:
        // An exponential mean begins at 0: what is lacking at first is made up for, as in Adam.
        let factor = decay.map { 1 / (1 - pow($0, Double(batches))) } ?? 1 / Double(max(1, batches))
        return sum.array(of: Double.self).map { $0 * factor }
      }
    }
  }
}
