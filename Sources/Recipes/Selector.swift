/// Which weights are pruned.
///
/// Without further words: tensors of two or more dimensions whose role is ``Role/weight``, so no biases, norms or
/// embeddings.
public struct Selector: Hashable, Sendable {
  /// The roles that are pruned unless names say otherwise.
  public var roles: Set<Role> = [.weight]
  /// The types of layers whose weights are pruned, such as `Linear`; all where empty. Only modules and graphs know them.
  public var layers: Set<String> = []
  /// Names that are pruned beside the usual ones.
  public var included: [NamePattern] = []
  /// Names that are not pruned, whatever else holds.
  public var excluded: [NamePattern] = []
  /// Where not empty, the only names that are pruned.
  public var only: [NamePattern] = []

  /// The usual choice.
  public init() {}

  /// The weights that expressions name.
  public init(only: [NamePattern] = [], included: [NamePattern] = [], excluded: [NamePattern] = []) {
    (self.only, self.included, self.excluded) = (only, included, excluded)
  }

  /// The weights of layers of some types.
  public static func layers(_ types: String...) -> Selector {
    var selector = Selector()
    selector.layers = Set(types)
    return selector
  }
}

/// A rule about weights by their names.
public struct Rule: Hashable, Sendable {
  /// What becomes of the weights that a rule names.
  public enum Action: Hashable, Sendable {
    /// They stay as they are.
    case exclude
    /// So much of them goes.
    case prune(Target)
  }

  /// The names concerned.
  public var match: NamePattern
  /// What becomes of them.
  public var action: Action

  /// A rule.
  public init(_ match: NamePattern, _ action: Action) {
    self.match = match
    self.action = action
  }
}

/// A regular expression that is looked for anywhere in a name, as Python's `re.search` does.
public struct NamePattern: Hashable, Sendable, CustomStringConvertible {
  /// The expression.
  public let description: String

  /// Reads an expression.
  ///
  /// - Throws: ``RecipeError`` of kind `contradiction` where it is none.
  public init(_ pattern: String) throws(RecipeError) {
    description = pattern
    do { _ = try Regex(pattern) } catch {
      throw RecipeError(
        .contradiction, "read '\(pattern)'", expected: "a regular expression", found: "an error in it: \(error)",
        advice: "put a backslash before characters that stand for themselves: \"layers\\.0\\.\"")
    }
  }

  /// The expression that just this name matches.
  public init(exactly name: String) {
    let special = Set("\\^$.|?*+()[]{}")
    description = "^" + name.map { special.contains($0) ? "\\\($0)" : String($0) }.joined() + "$"
  }

  /// The expression ready for many names.
  public func matcher() -> Matcher {
    guard let expression = try? Regex(description) else { preconditionFailure("'\(description)' was read before") }
    return Matcher(expression: expression)
  }

  /// Whether a part of the name, or all of it, matches.
  public func matches(_ name: String) -> Bool { matcher().matches(name) }

  /// An expression ready for many names.
  public struct Matcher {
    fileprivate let expression: Regex<AnyRegexOutput>

    /// Whether a part of the name, or all of it, matches.
    public func matches(_ name: String) -> Bool { name.firstMatch(of: expression) != nil }
  }
}
