import Sparsity

extension Criterion {
  /// Its name, with its settings where it has some, which tells it from others: `norm (norm: 2.0)`.
  package var signature: String {
    let settings = Mirror(reflecting: self).children.compactMap { label, value -> String? in
      guard let label, label != "name", let text = Self.setting(value) else { return nil }
      return "\(label): \(text)"
    }
    return settings.isEmpty ? name : "\(name) (\(settings.joined(separator: ", ")))"
  }

  /// A stored value as text; nil for one that every criterion of the type has.
  private static func setting(_ value: Any) -> String? {
    switch value {
    case is Evidence, is Reduction, is ScoreSubject, is ScoreSource: nil
    case let ranking as Ranking: Self.self == GivenScores.self ? "\(ranking)" : nil
    case let given as any GivenTensors: given.description
    default: "\(value)"
    }
  }
}
