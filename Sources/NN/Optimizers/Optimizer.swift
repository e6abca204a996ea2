import OrderedCollections
import Torch

/// Something that moves parameters by their gradients: `torch.optim.Optimizer`.
///
/// ```swift
/// let optimizer = Adam(model.parameters, learningRate: 1e-3)
/// optimizer.zeroGrad()
/// crossEntropy(model(x), y).backward()
/// optimizer.step()
/// ```
///
/// An optimiser holds the tensors themselves; pruning a module and converting it leave them the same objects. Convert a
/// module before its optimiser has made a step: the optimiser's state stays where and what it was.
public protocol Optimizer: AnyObject {
  /// All parameters, group by group.
  var parameters: [Tensor] { get }
  /// The step width of the first group; setting it sets that of all groups.
  var learningRate: Double { get set }
  /// The step width of each group, in order; set as many as there are.
  var learningRates: [Double] { get set }
  /// What runs around every ``step()``.
  var stepHooks: StepHooks { get set }

  /// Moves each parameter that has a gradient; the others, and what is kept of them, stay as they are.
  func step()

  /// What the optimiser keeps of each parameter between steps, as `state.3.exp_avg` for parameter 3; nothing before its
  /// first step. The tensors share the optimiser's memory, but for the `step` of Adam. Pruning moves parameters to the
  /// end of their module: ``stateDict(naming:)`` does not depend on their order.
  var stateDict: StateDict { get }
  /// Takes over what ``stateDict`` gave. Settings such as the learning rate are not part of it.
  /// - Throws: ``ModuleError/stateDict(module:missing:unexpected:mismatched:)``, before anything is changed.
  func loadStateDict(_ state: StateDict) throws

  /// Exchanges each tensor that is kept of a parameter for what `transform` makes of it.
  func transformState(of parameter: Tensor, _ transform: (Tensor) -> Tensor)

  /// Lets entries of a parameter begin anew, those where `entries`, of its shape and Boolean, is true: momentum is 0.
  func restart(_ entries: Tensor, of parameter: Tensor)
}

extension Optimizer {
  /// The one of an optimiser without groups.
  public var learningRates: [Double] {
    get { [learningRate] }
    set {
      precondition(newValue.count == 1, "\(Self.self): expected one learning rate, found \(newValue.count)")
      learningRate = newValue[0]
    }
  }

  /// All that is kept of the entries is 0.
  public func restart(_ entries: Tensor, of parameter: Tensor) {
    noGrad {
      transformState(of: parameter) { $0.shape == parameter.shape ? $0.maskedFill(entries, 0) : $0 }
    }
  }

  /// Whether the tensor is one of the parameters.
  public func holds(_ tensor: Tensor) -> Bool { parameters.contains { $0.isSame(as: tensor) } }

  /// Forgets the gradients of all parameters: `zero_grad()`.
  public func zeroGrad() { for parameter in parameters { parameter.grad = nil } }
}

/// Parameters with settings of their own.
public struct ParameterGroup<Options: Sendable> {
  /// The parameters.
  public var parameters: [Tensor]
  /// Their settings.
  public var options: Options

  /// A group of parameters with settings of their own.
  public init(_ parameters: [Tensor], _ options: Options) {
    self.parameters = parameters
    self.options = options
  }

  /// Gives each group its own step width.
  static func assign(_ rates: [Double], to groups: inout [ParameterGroup], _ rate: WritableKeyPath<Options, Double>) {
    precondition(
      rates.count == groups.count,
      "expected \(groups.count) learning rates, one for each group of parameters, found \(rates.count)")
    for (index, value) in rates.enumerated() { groups[index].options[keyPath: rate] = value }
  }
}
