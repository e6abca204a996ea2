/// Why a model cannot be recovered. It is as it was.
public enum RecoveryError: Error, Hashable, Sendable {
  /// The data cannot be used: what was expected and found, and what to do.
  case data(expected: String, found: String, advice: String)
  /// The two models do not belong together, with the reason.
  case models(String)
}

extension RecoveryError: CustomStringConvertible {
  /// One sentence: what was expected and found, and what to do.
  public var description: String {
    switch self {
    case .data(let expected, let found, let advice):
      "recover from data: expected \(expected), found \(found); \(advice)"
    case .models(let reason): "recover a model: \(reason)"
    }
  }
}
