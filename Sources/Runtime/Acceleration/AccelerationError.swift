/// Why a model cannot be accelerated, or an accelerated one not be run.
public enum AccelerationError: Error, Equatable, Sendable {
  /// The model is in training.
  case training
  /// A gradient is asked for.
  case gradient
  /// A tensor was changed after the model was accelerated.
  case changed(String)
  /// A plan that is none, or is for another model.
  case plan(path: String, reason: String)
}

extension AccelerationError: CustomStringConvertible {
  /// One sentence: what was found and what to do.
  public var description: String {
    switch self {
    case .training: "the model is in training, where norms and dropout change with each batch: call eval() first"
    case .gradient:
      "an accelerated model records no gradients, and its input asks for one: train the model it was made of"
    case .changed(let path): "'\(path)' has been changed since the model was accelerated: accelerate it again"
    case .plan(let path, let reason): "\(path): expected a plan of 'bonsai accelerate', found \(reason)"
    }
  }
}
