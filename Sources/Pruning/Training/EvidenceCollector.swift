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

/// Gathers what criteria need beside the weights: moments of gradients, or norms of inputs.
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
/// Norms of inputs are gathered by hooks, of `Linear` and of convolutions that are not transposed; other weights have
/// none. Labels are not needed for those, and ``collect()`` has nothing to do. Memory: one tensor for each weight.
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
  private let numbers: [Int]
  private var hooks: [(module: Module, key: Int)] = []

  /// A collector for a model; norms of inputs are gathered from now on.
  ///
  /// - Parameters:
  ///   - model: The model. Prune it before or after, but change none of its layers.
  ///   - evidence: What to gather.
  ///   - decay: How much of a mean remains from batch to batch, as Adam's betas; nil for the exact mean.
  public convenience init(_ model: Module, _ evidence: Evidence, decay: Double? = nil) throws {
    let weights = try ModelWeights(model)
    self.init(weights, of: Array(weights.weights.indices), evidence, decay: decay)
  }

  init(_ weights: ModelWeights, of numbers: [Int], _ evidence: Evidence, decay: Double?) {
    (self.weights, self.numbers, self.evidence, self.decay) = (weights, numbers, evidence, decay)
    sums = Array(repeating: nil, count: weights.weights.count)
    guard evidence == .activations else { return }
    for number in numbers where weights.places[number][0].name == "weight" {
      for place in weights.places[number] where place.module.hasInputNorms {
        let hook = InputHook { [weak self] input in self?.add(input, number) }
        hooks.append((place.module, place.module.addForwardPreHook(hook)))
      }
    }
  }

  deinit { stop() }

  /// Ends the gathering of norms of inputs.
  public func stop() {
    for (module, key) in hooks { module.removeForwardPreHook(key) }
    hooks = []
  }

  /// Forgets what has been gathered.
  public func reset() {
    batches = 0
    sums = Array(repeating: nil, count: sums.count)
  }

  /// Takes the gradients of a batch, after `backward()`. A parameter without a gradient counts as one of gradient 0.
  public func collect() {
    guard evidence != .none, evidence != .activations else { return }
    batches += 1
    noGrad {
      for number in numbers {
        let parameter = weights.parameter(number)
        guard let gradient = parameter.grad else {
          if let decay { sums[number]?.multiplyInPlace(decay) }
          continue
        }
        let sum = sums[number] ?? gradient.zerosLike()
        sums[number] = sum
        switch evidence {
        case .movement: sum.addcmulInPlace(parameter.detach(), gradient, scale: -1)
        case .squaredGradients:
          if let decay { sum.multiplyInPlace(decay) }
          sum.addcmulInPlace(gradient, gradient, scale: decay.map { 1 - $0 } ?? 1)
        default:
          if let decay { sum.lerpInPlace(gradient, 1 - decay) } else { sum.addInPlace(gradient) }
        }
      }
    }
  }

  /// The sum of the squares of each input of a layer, over all samples.
  private func add(_ input: Tensor, _ number: Int) {
    noGrad {
      let parameter = weights.parameter(number)
      // Linear: the last dimension; convolutions: the one before space.
      let space = parameter.rank - 2
      let squares = input.detach().to(.float32)
      let others = squares.shape.indices.filter { $0 != squares.rank - 1 - space }
      let sum = (squares * squares).sum(others)
      if let known = sums[number] { known.addInPlace(sum) } else { sums[number] = sum }
    }
  }

  /// What has been gathered for the weights of a model, by their numbers in a plan: the same model, maybe pruned since.
  func values(for other: ModelWeights) -> EvidenceValues {
    let numbers = Dictionary(weights.weights.indices.map { (weights.parameter($0).identity, $0) }) { first, _ in first }
    return { [self] number in
      guard let own = numbers[other.parameter(number).identity] else { return [] }
      return values(own)
    }
  }

  /// What has been gathered of a weight: one number for each entry, none where there was nothing to gather.
  func values(_ number: Int) -> [Double] {
    let shape = weights.weights[number].shape
    guard let sum = sums[number] else {
      // Without a hook nothing flows in; without a gradient the loss does not depend on the weight.
      return evidence == .activations || batches == 0 ? [] : Array(repeating: 0, count: shape.reduce(1, *))
    }
    return noGrad {
      switch evidence {
      case .activations:
        // Grouped convolutions see the inputs of their group.
        let norms = sum.to(.float64).sqrt().array(of: Double.self)
        let (inputs, rest) = (shape[1], shape.dropFirst(2).reduce(1, *))
        let groups = max(1, norms.count / max(1, inputs))
        return (0..<shape[0]).flatMap { output in
          let first = output / max(1, shape[0] / groups) * inputs
          return (0..<inputs).flatMap { Array(repeating: norms[first + $0], count: rest) }
        }
      case .movement: return sum.array(of: Double.self)
      default:
        // An exponential mean begins at 0: what is lacking at first is made up for, as in Adam.
        let factor = decay.map { 1 / (1 - pow($0, Double(batches))) } ?? 1 / Double(max(1, batches))
        return sum.array(of: Double.self).map { $0 * factor }
      }
    }
  }
}

extension Module {
  /// Whether the second dimension of the weight stands for inputs that can be told apart.
  fileprivate var hasInputNorms: Bool { self is Linear || (self as? Convolution)?.isTransposed == false }
}

/// Tells of what flows into a module.
private final class InputHook: ForwardPreHook {
  private let told: (Tensor) -> Void
  init(_ told: @escaping (Tensor) -> Void) { self.told = told }

  func willForward(_ module: Module, _ inputs: [Tensor]) -> [Tensor]? {
    if let first = inputs.first { told(first) }
    return nil
  }

  // A copy of the model is another one.
  func copy(for module: Module) -> (any ForwardPreHook)? { nil }
}
