import Sparsity

/// Amounts and exclusions by name, in order: the first rule whose expression matches a name decides about it.
///
/// A rules file is a small part of TOML:
///
/// ```toml
/// # The first rule that matches decides.
/// [[rule]]
/// match = 'embed|lm_head'
/// exclude = true
///
/// [[rule]]
/// match = 'layers\.[0-9]+\.mlp\.'
/// amount = 0.9          # nine tenths; 9 would be nine entries
///
/// [[rule]]
/// match = 'attention'
/// threshold = 1e-3      # whatever is smaller
/// ```
///
/// `match` is a regular expression that is looked for anywhere in a name. Text stands in single quotes as it is, or in
/// double quotes with TOML's escapes. With the scope `global` the tensors of a rule are ranked together, otherwise each
/// for itself. Tensors that no rule names get the amount of the recipe, or stay as they are where it has none.
public struct PruningRules {
  /// What becomes of the tensors that a rule names.
  public enum Action: Hashable, Sendable {
    /// They stay as they are.
    case exclude
    /// So much of them goes.
    case prune(PruningRecipe.Extent)
  }

  /// One rule.
  public struct Rule {
    /// The names concerned.
    public var name: NamePattern
    /// What becomes of them.
    public var action: Action

    /// A rule.
    public init(_ name: NamePattern, _ action: Action) {
      self.name = name
      self.action = action
    }
  }

  /// The rules, in order.
  public var rules: [Rule]

  /// Rules out of their parts.
  public init(_ rules: [Rule] = []) { self.rules = rules }

  var extents: [PruningRecipe.Extent] {
    rules.compactMap { rule in if case .prune(let extent) = rule.action { extent } else { nil } }
  }
}

extension PruningRules {
  /// Reads a rules file.
  ///
  /// - Throws: ``CheckpointError``, with the number of the line where a line is not understood.
  public init(path: String) throws(CheckpointError) {
    let file = try MappedFile(path: path)
    guard file.size <= 1 << 20 else {
      throw CheckpointError(
        .limitExceeded, "read rules", file: path, expected: "at most a megabyte", found: "\(file.size) bytes",
        advice: "name a file of rules")
    }
    try self.init(text: String(decoding: file.bytes(0..<file.size), as: UTF8.self), file: path)
  }

  /// Reads rules.
  ///
  /// - Parameters:
  ///   - text: The text of a rules file.
  ///   - file: What messages call it.
  /// - Throws: ``CheckpointError``, with the number of the line where a line is not understood.
  public init(text: String, file: String) throws(CheckpointError) {
    var reader = PruningRulesReader(file: file)
    for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      try reader.read(line, number: number + 1)
    }
    try reader.finishRule()
    self.init(reader.rules)
  }
}
