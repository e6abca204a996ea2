import Torch

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// What Adam keeps of a parameter.
final class AdamMoments {
  /// The number of steps made.
  var step = 0
  /// The running mean of gradients.
  var mean: Tensor
  /// The running mean of their squares.
  var square: Tensor
  /// The largest running mean of squares so far.
  var largestSquare: Tensor?

  /// The beginning, for a parameter.
  init(for parameter: Tensor) {
    mean = parameter.detach().zerosLike()
    square = parameter.detach().zerosLike()
  }
}

/// Parameters that have made equally many steps, which go through the operators for lists together.
struct AdamBatch {
  var step: Int
  var parameters: [Tensor] = []
  var gradients: [Tensor] = []
  var means: [Tensor] = []
  var squares: [Tensor] = []
  var largestSquares: [Tensor] = []
}

extension Adam {
  /// The group's parameters that have gradients, by the number of steps made including this one.
  final func batches(of group: ParameterGroup<Options>) -> [AdamBatch] {
    var batches: [AdamBatch] = []
    for parameter in group.parameters {
      guard let gradient = parameter.grad else { continue }
      let kept = moments[parameter] ?? AdamMoments(for: parameter)
      moments[parameter] = kept
      kept.step += 1
      let index =
        batches.firstIndex { $0.step == kept.step }
        ?? {
          batches.append(AdamBatch(step: kept.step))
          return batches.count - 1
        }()
      batches[index].parameters.append(parameter)
      batches[index].gradients.append(gradient)
      batches[index].means.append(kept.mean)
      batches[index].squares.append(kept.square)
      if group.options.amsgrad {
        let largest = kept.largestSquare ?? parameter.detach().zerosLike()
        kept.largestSquare = largest
        batches[index].largestSquares.append(largest)
      }
    }
    return batches
  }

  /// The operations of PyTorch's step on one tensor at a time, each on all tensors in turn.
  final func step(_ batch: AdamBatch, _ options: Options) {
    var gradients = options.maximize ? batch.gradients.map { -$0 } : batch.gradients
    if options.weightDecay != 0 {
      if decouplesWeightDecay {
        Foreach.multiplyInPlace(batch.parameters, 1 - options.learningRate * options.weightDecay)
      } else {
        gradients = Foreach.add(gradients, batch.parameters, scale: options.weightDecay)
      }
    }
    Foreach.lerpInPlace(batch.means, gradients, 1 - options.betas.0)
    Foreach.multiplyInPlace(batch.squares, options.betas.1)
    Foreach.addcmulInPlace(batch.squares, gradients, gradients, scale: 1 - options.betas.1)
    if options.amsgrad { Foreach.maximumInPlace(batch.largestSquares, batch.squares) }

    let stepWidth = options.learningRate / (1 - pow(options.betas.0, Double(batch.step)))
    let correction = pow(1 - pow(options.betas.1, Double(batch.step)), 0.5)
    let denominators = Foreach.sqrt(options.amsgrad ? batch.largestSquares : batch.squares)
    Foreach.divideInPlace(denominators, correction)
    Foreach.addInPlace(denominators, options.epsilon)
    Foreach.addcdivInPlace(batch.parameters, batch.means, denominators, scale: -stepWidth)
  }

  /// The same by one operator.
  final func stepFused(_ batch: AdamBatch, _ options: Options) {
    Foreach.adam(
      batch.parameters, gradients: batch.gradients, means: batch.means, squares: batch.squares,
      largestSquares: batch.largestSquares,
      steps: batch.parameters.map { Tensor.full([], Double(batch.step), device: $0.device) },
      learningRate: options.learningRate, beta1: options.betas.0, beta2: options.betas.1,
      weightDecay: options.weightDecay, epsilon: options.epsilon, isDecoupled: decouplesWeightDecay,
      maximize: options.maximize)
  }
}

extension Adam {
  /// The running means of a parameter's gradients and of their squares, which share the optimiser's memory, without Adam's
  /// correction for the first steps; nil for a parameter that has made no step.
  public final func moments(of parameter: Tensor) -> (mean: Tensor, square: Tensor, steps: Int)? {
    moments[parameter].map { ($0.mean, $0.square, $0.step) }
  }

  /// The moments, as `state.INDEX.` and PyTorch's names: `step` (float32), `exp_avg`, `exp_avg_sq`, `max_exp_avg_sq`.
  public final var stateDict: StateDict {
    var found: StateDict = [:]
    for (i, parameter) in parameters.enumerated() {
      guard let kept = moments[parameter] else { continue }
      found["state.\(i).step"] = Tensor(Float(kept.step))
      found["state.\(i).exp_avg"] = kept.mean
      found["state.\(i).exp_avg_sq"] = kept.square
      if let largest = kept.largestSquare { found["state.\(i).max_exp_avg_sq"] = largest }
    }
    return found
  }

  /// Exchanges the moments of a parameter.
  public final func transformState(of parameter: Tensor, _ transform: (Tensor) -> Tensor) {
    guard let kept = moments[parameter] else { return }
    kept.mean = transform(kept.mean)
    kept.square = transform(kept.square)
    kept.largestSquare = kept.largestSquare.map(transform)
  }

  /// Lets entries begin anew: their mean gradient is 0 and their mean squares, corrected for the first steps, are those of the
  /// gradient at hand, so that their first steps are no wider than others'; with mean squares of 0 they would be.
  public final func restart(_ entries: Tensor, of parameter: Tensor) {
    guard let kept = moments[parameter] else { return }
    let betas = groups.first { $0.parameters.contains { $0.isSame(as: parameter) } }?.options.betas ?? (0.9, 0.999)
    noGrad {
      let gradient = parameter.grad ?? parameter.detach().zerosLike()
      let squares = gradient * gradient * (1 - pow(betas.1, Double(kept.step)))
      kept.mean = kept.mean.maskedFill(entries, 0)
      kept.square = squares.where(entries, else: kept.square)
      kept.largestSquare = kept.largestSquare.map { squares.where(entries, else: $0) }
    }
  }

  /// Takes over moments.
  public final func loadStateDict(_ state: StateDict) throws {
    let parameters = self.parameters
    let entries = try stateByParameter(
      state, parameters, names: ["step", "exp_avg", "exp_avg_sq"], optional: ["max_exp_avg_sq"],
      scalars: ["step"], of: "\(Self.self)")
    moments = ParameterStates()
    for (i, entry) in entries {
      let parameter = parameters[i]
      let kept = AdamMoments(for: parameter)
      kept.step = entry["step"]?.intItem() ?? 0
      if let mean = entry["exp_avg"] { kept.mean = mean.owned(like: parameter) }
      if let square = entry["exp_avg_sq"] { kept.square = square.owned(like: parameter) }
      kept.largestSquare = entry["max_exp_avg_sq"]?.owned(like: parameter)
      moments[parameter] = kept
    }
  }
}
