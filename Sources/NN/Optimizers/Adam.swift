import OrderedCollections
import Torch

/// Adam (Kingma & Ba 2015): `torch.optim.Adam`, equal to its step on one tensor at a time bit for bit.
///
/// With gradient g and step number t: m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²;
/// w ← w - rate / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε).
public class Adam: Optimizer {
  /// Settings of a group of parameters.
  public struct Options: Sendable {
    /// The step width.
    public var learningRate: Double
    /// How much of the mean of gradients, and of their squares, remains from step to step.
    public var betas: (Double, Double)
    /// What is added to the denominator.
    public var epsilon: Double
    /// The factor of the parameter that is added to its gradient (L2 penalty); with ``AdamW``, the part of the
    /// parameter, times the learning rate, that goes in each step.
    public var weightDecay: Double
    /// Whether the largest mean square so far counts (Reddi et al. 2018).
    public var amsgrad: Bool
    /// Whether the objective grows and does not fall.
    public var maximize: Bool

    /// Settings, with the defaults of PyTorch's Adam.
    /// - Precondition: nothing is negative, and the betas are below 1.
    public init(
      learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
      weightDecay: Double = 0, amsgrad: Bool = false, maximize: Bool = false
    ) {
      precondition(learningRate >= 0, "Adam: expected a learning rate of at least 0, found \(learningRate)")
      precondition(epsilon >= 0, "Adam: expected an epsilon of at least 0, found \(epsilon)")
      precondition(weightDecay >= 0, "Adam: expected a weight decay of at least 0, found \(weightDecay)")
      precondition(
        (0..<1).contains(betas.0) && (0..<1).contains(betas.1), "Adam: expected betas from 0 to below 1, found \(betas)"
      )
      self.learningRate = learningRate
      self.betas = betas
      self.epsilon = epsilon
      self.weightDecay = weightDecay
      self.amsgrad = amsgrad
      self.maximize = maximize
    }
  }

  /// The parameters with their settings, which may be changed between steps.
  public final var groups: [ParameterGroup<Options>]
  /// What runs around every step.
  public final var stepHooks = StepHooks()
  /// Whether one operator does the whole step, `_fused_adam_`: faster, and equal up to the last bits only.
  public final let fused: Bool
  /// What is kept of each parameter that has made a step.
  final var moments = ParameterStates<AdamMoments>()

  /// An optimiser for groups of parameters.
  /// - Parameters:
  ///   - groups: Parameters and their settings.
  ///   - fused: Whether one operator does the whole step, equal up to the last bits only.
  /// - Precondition: no parameter stands in two places.
  public init(groups: [ParameterGroup<Options>], fused: Bool = false) {
    self.groups = groups
    self.fused = fused
    requireDistinct(parameters, "\(Self.self)")
  }

  /// An optimiser for parameters with common settings; see ``Options`` for their meaning.
  public convenience init(
    _ parameters: [Tensor], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    epsilon: Double = 1e-8, weightDecay: Double = 0, amsgrad: Bool = false, maximize: Bool = false,
    fused: Bool = false
  ) {
    let options = Options(
      learningRate: learningRate, betas: betas, epsilon: epsilon, weightDecay: weightDecay, amsgrad: amsgrad,
      maximize: maximize)
    self.init(groups: [ParameterGroup(parameters, options)], fused: fused)
  }

  /// All parameters, group by group.
  public final var parameters: [Tensor] { groups.flatMap(\.parameters) }

  /// The step width of the first group; setting it sets that of all groups.
  public final var learningRate: Double {
    get { groups.first?.options.learningRate ?? 0 }
    set { for i in groups.indices { groups[i].options.learningRate = newValue } }
  }

  /// The step width of each group, in order.
  public final var learningRates: [Double] {
    get { groups.map(\.options.learningRate) }
    set { ParameterGroup.assign(newValue, to: &groups, \.learningRate) }
  }

  /// Whether weight decay acts on the parameter and not on its gradient.
  var decouplesWeightDecay: Bool { false }

  /// Moves each parameter that has a gradient.
  public final func step() {
    stepHooks.around {
      for group in groups {
        for batch in batches(of: group) {
          if fused { stepFused(batch, group.options) } else { step(batch, group.options) }
        }
      }
    }
  }
}

/// Adam with weight decay on the parameters themselves (Loshchilov & Hutter 2019): `torch.optim.AdamW`.
public final class AdamW: Adam {
  /// An optimiser for parameters with common settings, by default with a weight decay of 0.01; see
  /// ``Adam/Options`` for their meaning.
  public convenience init(
    _ parameters: [Tensor], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    epsilon: Double = 1e-8, weightDecay: Double = 1e-2, amsgrad: Bool = false, maximize: Bool = false,
    fused: Bool = false
  ) {
    let options = Options(
      learningRate: learningRate, betas: betas, epsilon: epsilon, weightDecay: weightDecay, amsgrad: amsgrad,
      maximize: maximize)
    self.init(groups: [ParameterGroup(parameters, options)], fused: fused)
  }

  override var decouplesWeightDecay: Bool { true }
}
