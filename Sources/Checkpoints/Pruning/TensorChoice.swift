/// Which tensors of a checkpoint are pruned.
///
/// Without further words: floating-point tensors of two or more dimensions that are weights by their names, so no
/// biases, norms or embeddings. Names are told by their words: of `model.embed_tokens.weight` the words are `model`,
/// `embed`, `tokens`, `weight`.
public struct TensorChoice {
  /// Names that are pruned beside the usual ones.
  public var included: [NamePattern] = []
  /// Names that are not pruned, whatever else holds.
  public var excluded: [NamePattern] = []
  /// Where not empty, the only names that are pruned.
  public var only: [NamePattern] = []
  /// Amounts and exclusions by name.
  public var rules = PruningRules()

  /// The usual choice.
  public init() {}

  /// What becomes of a tensor.
  enum Verdict: Equatable {
    /// It is pruned, by a rule where there is one; `asked` tells that its name was given.
    case pruned(rule: Int?, asked: Bool)
    /// It stays as it is; `asked` tells that its name was given.
    case kept(asked: Bool)
  }

  func verdict(_ name: String, rank: Int) -> Verdict {
    if excluded.contains(where: { $0.matches(name) }) { return .kept(asked: true) }
    let rule = rules.rules.firstIndex { $0.name.matches(name) }
    if let rule {
      if case .exclude = rules.rules[rule].action { return .kept(asked: true) }
    }
    if !only.isEmpty {
      return only.contains { $0.matches(name) } ? .pruned(rule: rule, asked: true) : .kept(asked: false)
    }
    if rule != nil || included.contains(where: { $0.matches(name) }) { return .pruned(rule: rule, asked: true) }
    return rank >= 2 && !Self.isUsuallyKept(name) ? .pruned(rule: nil, asked: false) : .kept(asked: false)
  }

  /// Whether a name's words say that it is a bias, a norm, an embedding or a mask.
  static func isUsuallyKept(_ name: String) -> Bool {
    let words = name.lowercased().split { $0 == "." || $0 == "_" }
    return words.contains { word in
      word == "bias" || word == "mask" || word == "emb" || word == "wte" || word == "wpe" || word == "ln"
        || word.hasPrefix("embed")
        || word.hasSuffix("norm") || word.hasSuffix("embedding") || word.hasSuffix("embeddings")
        || (word.hasPrefix("bn") && word.dropFirst(2).allSatisfy(\.isNumber))
        || (word.hasPrefix("norm") && word.dropFirst(4).allSatisfy(\.isNumber))
    }
  }
}

/// A regular expression that is looked for anywhere in a name, as Python's `re.search` does.
public struct NamePattern: CustomStringConvertible {
  /// The expression as it was given.
  public let description: String
  private let expression: Regex<AnyRegexOutput>

  /// Reads an expression.
  ///
  /// - Throws: ``CheckpointError`` of kind `invalidArgument` where it is none.
  public init(_ pattern: String) throws(CheckpointError) {
    description = pattern
    do {
      expression = try Regex(pattern)
    } catch {
      throw CheckpointError(
        .invalidArgument, "read", file: pattern, expected: "a regular expression", found: "\(error)",
        advice: "put a backslash before characters that stand for themselves: \"layers\\.0\\.\"")
    }
  }

  /// Whether a part of the name, or all of it, matches.
  public func matches(_ name: String) -> Bool { name.firstMatch(of: expression) != nil }
}
