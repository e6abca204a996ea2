/// What can be wrong with a graph.
public enum GraphError: Error, Equatable, Sendable {
  /// The text of a model is not as it must be.
  case format(file: String, expected: String, found: String)
  /// The format's major version is another one.
  case version(file: String, expected: Int, found: String)
  /// The graph contradicts itself.
  case invalid([String])
  /// Steps that ONNX's operators cannot say, or for which no way to say it is known here, each with its reason.
  case notInONNX([String])
  /// There is nothing of that name.
  case noSuch(String, name: String, names: [String])
}

extension GraphError: CustomStringConvertible {
  /// One sentence: what was expected and found, and what to do.
  public var description: String {
    switch self {
    case .format(let file, let expected, let found):
      "read the graph of '\(file)': expected \(expected), found \(found); the file is damaged: export the model again"
    case .version(let file, let expected, let found):
      "read the graph of '\(file)': expected schema version \(expected).x, found \(found); load it in its own version of "
        + "Python's torch and export the model again with torch 2.13"
    case .invalid(let problems):
      "the graph contradicts itself: " + problems.prefix(3).joined(separator: "; ")
        + (problems.count > 3 ? "; and \(problems.count - 3) more" : "")
    case .notInONNX(let problems):
      "write as an ONNX model: expected steps that ONNX has, found " + problems.prefix(3).joined(separator: "; ")
        + (problems.count > 3 ? "; and \(problems.count - 3) more" : "")
        + "; keep the model as .pt2, or export it to ONNX in Python"
    case .noSuch(let kind, let name, let names):
      "the graph has no \(kind) '\(name)'; "
        + (names.isEmpty
          ? "it has none"
          : "there are: " + names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", ..." : ""))
    }
  }
}
