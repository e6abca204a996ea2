/// Why a module cannot be traced.
public enum TracingError: Error, Equatable, Sendable {
  /// Steps whose graph would compute something else than the module does, each with the reason.
  case problems([TracingProblem])
  /// The example does not fit what is asked for.
  case example(String)
}

/// A step that a graph cannot hold.
public struct TracingProblem: Hashable, Sendable {
  /// What was called: an operator, or a function of Swift.
  public var operation: String
  /// The path of the module that called it.
  public var module: String
  /// What is wrong, and what to do.
  public var message: String
  /// Whether it is a note of random numbers.
  var drawsRandomNumbers = false
}

extension TracingError: CustomStringConvertible {
  /// One sentence: what was found and what to do.
  public var description: String {
    switch self {
    case .problems(let problems):
      "the module cannot be traced: " + problems.prefix(5).map(\.description).joined(separator: "; ")
        + (problems.count > 5 ? "; and \(problems.count - 5) more" : "")
    case .example(let message): message
    }
  }
}

extension TracingProblem: CustomStringConvertible {
  /// The step with its module and what is wrong.
  public var description: String { "\(operation)\(module.isEmpty ? "" : " in '\(module)'"): \(message)" }
}

/// Something of a module that its graph has in another form, though it computes the same for the inputs it was traced
/// with: a number that was read, a tensor that is no part of the module, random numbers.
public typealias TracingNote = TracingProblem
