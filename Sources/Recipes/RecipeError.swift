/// A ``Recipe`` that contradicts itself, or that does not fit the weights it is meant for. Nothing was changed.
public struct RecipeError: Error, Hashable, Sendable {
  /// The kind of a failure, for code that decides; people read the description.
  public enum Kind: String, Hashable, Sendable {
    /// Parts that do not go together, whatever the weights.
    case contradiction
    /// A name that no weight has, or nothing to prune.
    case notFound
    /// A weight whose shape or number of entries the recipe does not fit.
    case unfit
    /// Values that cannot be ranked.
    case notANumber
    /// Evidence that is not there.
    case noEvidence
    /// Text that is no recipe.
    case unreadable
  }

  /// The kind of the failure.
  public var kind: Kind
  /// What was being done.
  public var operation: String
  /// What was expected.
  public var expected: String
  /// What was found instead.
  public var found: String
  /// What the user can do.
  public var advice: String

  /// Makes an error out of its parts; each is a piece of a sentence without a full stop.
  public init(_ kind: Kind, _ operation: String, expected: String, found: String, advice: String) {
    self.kind = kind
    self.operation = operation
    self.expected = expected
    self.found = found
    self.advice = advice
  }
}

extension RecipeError: CustomStringConvertible {
  /// One sentence: operation, expected, found, advice.
  public var description: String { "\(operation): expected \(expected), found \(found); \(advice)" }
}
