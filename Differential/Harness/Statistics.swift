import OrderedCollections

/// What programs have done, so that one sees what has been tested.
package struct Statistics: Sendable {
  /// How a step went.
  package enum Result: Int, Sendable {
    /// Both did it.
    case done
    /// Both refused it.
    case refused
    /// torch cannot do it, for want of an operator, say; Bonsai is not asked.
    case skipped
  }

  /// Programs run.
  package var programs = 0
  /// Prunings after which the masks differed because of equal scores, and both were right.
  package var ties = 0
  /// Steps of programs with strided tensors after which values differed within the tolerance.
  package var close = 0
  /// By the name of the step (and method), how often it was done, refused and skipped.
  package private(set) var steps: OrderedDictionary<String, [Int]> = [:]

  mutating func count(_ step: Step, _ result: Result) {
    steps[step.kind, default: [0, 0, 0]][result.rawValue] += 1
  }

  /// A table, one line for each kind of step.
  package var table: String {
    let lines = steps.sorted { $0.key < $1.key }.map { name, counts in
      name.padded(28) + counts.map { "\($0)".padded(9) }.joined()
    }
    return (["step".padded(28) + ["done", "refused", "skipped"].map { $0.padded(9) }.joined()] + lines)
      .joined(separator: "\n")
  }
}

extension String {
  fileprivate func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

extension Method {
  /// Its name.
  var kind: String { String(description.prefix { $0 != "(" }) }
}

extension Step {
  /// Its name, with that of the method.
  var kind: String {
    func with(_ scored: Bool) -> String { scored ? ", scores" : "" }
    return switch self {
    case .prune(_, let method, _, let scores): "prune \(method.kind)\(with(scores != nil))"
    case .globally(_, let method, _, let scores):
      "prune globally \(method.kind)\(with(scores.contains { $0 != nil }))"
    case .remove: "remove"
    case .undo: "undo"
    case .probe(_, let method, _, let removing): removing ? "probe remove" : "probe \(method.kind)"
    case .fill: "fill"
    case .add: "add"
    case .forward(_, _, let gradients): gradients ? "forward" : "forward, no gradients"
    case .backward: "backward"
    case .optimize: "optimiser's step"
    case .save: "save"
    case .load(_, let how): "load, \(how)"
    case .hold: "hold zeros"
    case .copy: "copy"
    case .convert(_, let dtype): "convert to \(dtype)"
    case .train: "train or evaluate"
    case .freeze: "freeze"
    }
  }
}
