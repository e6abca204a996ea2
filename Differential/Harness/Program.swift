/// A network and what is done to it, small enough to read: the unit of differential testing.
///
/// Everything random in it comes from seeds that stand in it, so that it runs the same way in Bonsai, in torch, and
/// again tomorrow from its JSON.
package struct Program: Codable, Equatable, Sendable {
  /// The seed of the parameters' initial values.
  package var seed: UInt64
  /// The layers, each feeding the next.
  package var layers: [Layer]
  /// The length of the input along its spatial dimensions or its sequence.
  package var length: Int
  /// The dtype of parameters and inputs.
  package var dtype: String
  /// What moves the parameters, if anything does.
  package var optimizer: OptimizerSpec?
  /// What is done, in order.
  package var steps: [Step]
}

/// One step of a program.
package enum Step: Codable, Equatable, Sendable {
  /// Prunes one tensor.
  case prune(target: Target, method: Method, seed: UInt64, scores: TensorRecipe?)
  /// Prunes several tensors together.
  case globally(targets: [Target], method: Method, seed: UInt64, scores: [TensorRecipe?])
  /// Makes the pruning of a tensor permanent.
  case remove(target: Target)
  /// Takes the last call on a tensor back.
  case undo(target: Target)
  /// Prunes a tensor (or removes its pruning) and takes that back at once: nothing may have changed.
  case probe(target: Target, method: Method, seed: UInt64, removing: Bool)
  /// Gives a parameter (its original, where it is pruned) other memory and values.
  case fill(target: Target, recipe: TensorRecipe)
  /// Adds to a parameter in place.
  case add(target: Target, recipe: TensorRecipe)
  /// A forward pass.
  case forward(seed: UInt64, batch: Int, gradients: Bool)
  /// A forward and a backward pass.
  case backward(seed: UInt64, batch: Int, accumulating: Bool)
  /// A step of the optimiser.
  case optimize
  /// Writes the state dict to a file of that number, on either side.
  case save(slot: Int)
  /// Loads the other side's file of that number.
  case load(slot: Int, how: Loading)
  /// Holds the zeros of a tensor through further steps of the optimiser, which torch does not have.
  case hold(target: Target)
  /// Goes on with a deep copy.
  case copy
  /// Converts a module, the whole network where its path is empty.
  case convert(module: String, dtype: String)
  /// Sets training or evaluation.
  case train(on: Bool)
  /// Stops recording gradients for all parameters, or resumes it.
  case freeze(on: Bool)
}

/// How a state dict is loaded.
package enum Loading: String, Codable, Sendable {
  /// All names must agree.
  case strict
  /// Names that do not agree are passed over.
  case loose
  /// Pruned or not, it is translated for the network as it is, which torch does not do.
  case translated
}

/// A tensor by its module's path and its name there.
package struct Target: Codable, Hashable, Sendable {
  package var module: String
  package var name: String
  package var path: String { "\(module).\(name)" }
}

/// A method of pruning.
package enum Method: Codable, Equatable, Sendable {
  case l1(amount: AmountSpec)
  case random(amount: AmountSpec)
  case ln(amount: AmountSpec, n: String, dim: Int)
  case randomStructured(amount: AmountSpec, dim: Int)
  case identity
  case custom(mask: TensorRecipe)
  /// A method of one's own, of the pruning type `unstructured`, `structured` or `global`.
  case everyOther(type: String, dim: Int)
}

/// An amount as Python tells apart: an int or a float.
package enum AmountSpec: Codable, Equatable, Sendable {
  case count(Int)
  case fraction(Double)
}

/// An optimiser and its settings.
package struct OptimizerSpec: Codable, Equatable, Sendable {
  /// `sgd`, `adam` or `adamw`.
  package var kind: String
  package var learningRate = 0.1
  package var weightDecay = 0.0
  package var maximize = false
  package var momentum = 0.0
  package var dampening = 0.0
  package var nesterov = false
  package var epsilon = 1e-3
  package var amsgrad = false
}

extension Step {
  /// The tensors that the step is about.
  package var targets: [Target] {
    switch self {
    case .prune(let target, _, _, _), .remove(let target), .undo(let target), .probe(let target, _, _, _),
      .fill(let target, _), .add(let target, _), .hold(let target):
      [target]
    case .globally(let targets, _, _, _): targets
    default: []
    }
  }
}
