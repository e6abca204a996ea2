/// What a tensor of a model is for. Only weights are pruned unless others are named.
///
/// ``RoleTable`` judges tensors by their neighbours too, and says why.
public enum Role: String, Sendable, Hashable, Codable, CaseIterable {
  /// What a layer multiplies its inputs with.
  case weight
  /// What a layer adds.
  case bias
  /// Scale or shift of a normalisation.
  case norm
  /// A table of vectors, one for each token, or a single learned token.
  case embedding
  /// What tells positions apart: a table of them, or one of their distances.
  case positional
  /// A state that is kept and not learned: running means, indices, windows.
  case buffer
  /// Numbers of few bits that stand for a weight together with their scales; zero is not always 0 in them.
  case quantised
  /// Scale, zero point or order of quantised numbers.
  case scale
  /// What is 0 and 1, or infinite and 0, over entries: a mask of pruning or of attention.
  case mask
  /// A tensor from which a weight is computed: the lengths and directions of weight norm.
  case factor
  /// A part of a packed tensor, of which zeros have been left out.
  case packed
  /// Anything else.
  case other
}

extension Role {
  /// The role that a name and a number of dimensions suggest, without regard to neighbours.
  ///
  /// Names are told by their words: of `model.embed_tokens.weight` the words are `model`, `embed`, `tokens`, `weight`.
  public init(path: String, rank: Int) {
    self = RoleJudgement(path: path, rank: rank).role
  }

  /// How many there are of each role, the most frequent first.
  package static func counts(_ roles: some Sequence<Role>) -> [(role: Role, count: Int)] {
    Dictionary(roles.map { ($0, 1) }, uniquingKeysWith: +).map { (role: $0.key, count: $0.value) }
      .sorted { ($1.count, $0.role.rawValue) < ($0.count, $1.role.rawValue) }
  }
}

/// A role, and what speaks for it.
public struct RoleJudgement: Sendable, Hashable {
  /// The role.
  public var role: Role
  /// What speaks for it, as a piece of a sentence: "its name says norm".
  public var reason: String

  /// A role and what speaks for it.
  public init(_ role: Role, _ reason: String) {
    self.role = role
    self.reason = reason
  }
}
