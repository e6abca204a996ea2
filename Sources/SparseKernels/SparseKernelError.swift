/// What can go wrong before a product is computed.
public enum SparseKernelError: Error, Equatable, Sendable {
  /// The instructions asked for are not those of this processor.
  case instructionSet(String, available: [String])
  /// The number of values, bits or biases is not that of the matrix.
  case count(of: String, expected: Int, found: Int)
  /// The sizes of a layer do not go together, or are more than an index holds.
  case size(String)
  /// The format does not serve this layer.
  case format(SparseFormat, reason: String)
}

extension SparseKernelError: CustomStringConvertible {
  /// One sentence: what was expected and found, and what to do.
  public var description: String {
    switch self {
    case .instructionSet(let name, let available):
      "BONSAI_ISA: expected one of \(available.joined(separator: ", ")), which this processor has, found '\(name)'"
    case .count(let what, let expected, let found): "\(what): expected \(expected), found \(found)"
    case .size(let text): text
    case .format(let format, let reason): "the format \(format.rawValue) does not serve this layer: \(reason)"
    }
  }
}
