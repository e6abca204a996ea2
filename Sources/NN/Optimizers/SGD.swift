import OrderedCollections
import Torch

/// Stochastic gradient descent: `torch.optim.SGD`, equal to its step on one tensor at a time bit for bit.
///
/// With gradient g, velocity v (kept between steps where there is momentum, v = g in the first):
/// g ← g + decay · w; v ← momentum · v + (1 - dampening) · g; w ← w - rate · v (Nesterov: rate · (g + momentum · v)).
public final class SGD: Optimizer {
  /// Settings of a group of parameters.
  public struct Options: Sendable {
    /// The step width.
    public var learningRate: Double
    /// How much of the velocity remains from step to step.
    public var momentum: Double
    /// How much of the gradient does not enter the velocity.
    public var dampening: Double
    /// The factor of the parameter that is added to its gradient (L2 penalty).
    public var weightDecay: Double
    /// Whether the gradient is taken ahead (Sutskever et al. 2013).
    public var nesterov: Bool
    /// Whether the objective grows and does not fall.
    public var maximize: Bool

    /// Settings, with PyTorch's defaults.
    /// - Precondition: nothing is negative; Nesterov needs momentum and no dampening.
    public init(
      learningRate: Double = 1e-3, momentum: Double = 0, dampening: Double = 0, weightDecay: Double = 0,
      nesterov: Bool = false, maximize: Bool = false
    ) {
      precondition(learningRate >= 0, "SGD: expected a learning rate of at least 0, found \(learningRate)")
      precondition(momentum >= 0, "SGD: expected a momentum of at least 0, found \(momentum)")
      precondition(weightDecay >= 0, "SGD: expected a weight decay of at least 0, found \(weightDecay)")
      precondition(
        !nesterov || (momentum > 0 && dampening == 0), "SGD: Nesterov's momentum needs momentum and no dampening")
      self.learningRate = learningRate
      self.momentum = momentum
      self.dampening = dampening
      self.weightDecay = weightDecay
      self.nesterov = nesterov
      self.maximize = maximize
    }
  }

  /// The parameters with their settings, which may be changed between steps.
  public var groups: [ParameterGroup<Options>]
  /// What runs around every step.
  public var stepHooks = StepHooks()
  /// The velocity of each parameter that has made a step.
  private var velocities = ParameterStates<Tensor>()

  /// An optimiser for groups of parameters.
  /// - Precondition: no parameter stands in two places.
  public init(groups: [ParameterGroup<Options>]) {
    self.groups = groups
    requireDistinct(parameters, "SGD")
  }

  /// An optimiser for parameters with common settings; see ``Options`` for their meaning.
  public convenience init(
    _ parameters: [Tensor], learningRate: Double = 1e-3, momentum: Double = 0, dampening: Double = 0,
    weightDecay: Double = 0, nesterov: Bool = false, maximize: Bool = false
  ) {
    let options = Options(
      learningRate: learningRate, momentum: momentum, dampening: dampening, weightDecay: weightDecay,
      nesterov: nesterov, maximize: maximize)
    self.init(groups: [ParameterGroup(parameters, options)])
  }

  /// All parameters, group by group.
  public var parameters: [Tensor] { groups.flatMap(\.parameters) }

  /// The step width of the first group; setting it sets that of all groups.
  public var learningRate: Double {
    get { groups.first?.options.learningRate ?? 0 }
    set { for i in groups.indices { groups[i].options.learningRate = newValue } }
  }

  /// The step width of each group, in order.
  public var learningRates: [Double] {
    get { groups.map(\.options.learningRate) }
    set { ParameterGroup.assign(newValue, to: &groups, \.learningRate) }
  }

  /// Moves each parameter that has a gradient.
  public func step() {
    stepHooks.around {
      for group in groups { step(group) }
    }
  }

  private func step(_ group: ParameterGroup<Options>) {
    let options = group.options
    var parameters: [Tensor] = []
    var gradients: [Tensor] = []
    for parameter in group.parameters {
      guard let gradient = parameter.grad else { continue }
      parameters.append(parameter)
      gradients.append(gradient)
    }
    guard !parameters.isEmpty else { return }
    if options.maximize { gradients = gradients.map { -$0 } }
    if options.weightDecay != 0 {
      gradients = Foreach.add(gradients, parameters, scale: options.weightDecay)
    }
    if options.momentum != 0 {
      let velocities = advanceVelocities(of: parameters, by: gradients, options)
      gradients = options.nesterov ? Foreach.add(gradients, velocities, scale: options.momentum) : velocities
    }
    Foreach.addInPlace(parameters, gradients, scale: -options.learningRate)
  }

  private func advanceVelocities(of parameters: [Tensor], by gradients: [Tensor], _ options: Options) -> [Tensor] {
    var known: [Tensor] = []
    var steps: [Tensor] = []
    for (parameter, gradient) in zip(parameters, gradients) {
      if let velocity = velocities[parameter] {
        known.append(velocity)
        steps.append(gradient)
      } else {
        velocities[parameter] = gradient.clone()
      }
    }
    if !known.isEmpty {
      Foreach.multiplyInPlace(known, options.momentum)
      Foreach.addInPlace(known, steps, scale: 1 - options.dampening)
    }
    return parameters.compactMap { velocities[$0] }
  }

  /// The velocities, as `state.INDEX.momentum_buffer`.
  public var stateDict: StateDict {
    var found: StateDict = [:]
    for (i, parameter) in parameters.enumerated() {
      found["state.\(i).momentum_buffer"] = velocities[parameter]
    }
    return found
  }

  /// Exchanges the velocity of a parameter.
  public func transformState(of parameter: Tensor, _ transform: (Tensor) -> Tensor) {
    velocities[parameter] = velocities[parameter].map(transform)
  }

  /// Takes over velocities.
  public func loadStateDict(_ state: StateDict) throws {
    let parameters = self.parameters
    let entries = try stateByParameter(state, parameters, names: ["momentum_buffer"], of: "SGD")
    velocities = ParameterStates()
    for (i, entry) in entries {
      velocities[parameters[i]] = entry["momentum_buffer"]?.owned(like: parameters[i])
    }
  }
}
