import Sparsity

/// Reads the lines of a rules file.
struct PruningRulesReader {
  let file: String
  private(set) var rules: [PruningRules.Rule] = []

  private var line = 0
  /// The line on which the rule under way began; nil before the first.
  private var begun: Int?
  private var name: NamePattern?
  private var action: PruningRules.Action?

  init(file: String) { self.file = file }

  mutating func read(_ text: Substring, number: Int) throws(CheckpointError) {
    line = number
    var rest = Self.trimmed(text)
    if rest.isEmpty || rest.hasPrefix("#") { return }
    if rest.hasPrefix("[[rule]]") {
      try expectEnd(rest.dropFirst("[[rule]]".count))
      try finishRule()
      (begun, name, action) = (number, nil, nil)
      return
    }
    let key = rest.prefix { $0.isLetter }
    rest = Self.trimmed(rest.dropFirst(key.count))
    guard !key.isEmpty, rest.first == "=" else {
      throw failure("[[rule]] or KEY = VALUE", CheckpointError.quote(String(text)))
    }
    guard begun != nil else { throw failure("[[rule]] first", CheckpointError.quote(String(key))) }
    rest = Self.trimmed(rest.dropFirst())
    switch key {
    case "match":
      guard name == nil else { throw failure("one match in a rule", "a second") }
      let pattern = try quoted(&rest)
      do throws(CheckpointError) { name = try NamePattern(pattern) } catch {
        throw failure(error.expected, error.found)
      }
    case "exclude":
      let word = rest.prefix { $0.isLetter }
      guard word == "true" else { throw failure("exclude = true", CheckpointError.quote(String(rest))) }
      rest = rest.dropFirst(4)
      try act(.exclude)
    case "amount":
      let number = word(&rest)
      if let count = Int(number), count >= 0 {
        try act(.prune(.count(count)))
      } else if let fraction = Double(number), (0...1).contains(fraction) {
        try act(.prune(.fraction(fraction)))
      } else {
        throw failure("a share in 0...1 or a whole number", CheckpointError.quote(String(number)))
      }
    case "threshold":
      let number = word(&rest)
      guard let threshold = Double(number), threshold >= 0 else {
        throw failure("a magnitude of 0 or more", CheckpointError.quote(String(number)))
      }
      try act(.prune(.below(threshold)))
    default:
      throw failure("match, amount, threshold or exclude", CheckpointError.quote(String(key)))
    }
    try expectEnd(rest)
  }

  /// Ends the rule under way.
  mutating func finishRule() throws(CheckpointError) {
    guard let begun else { return }
    guard let name else { throw failure("a match in the rule", "none", line: begun) }
    guard let action else { throw failure("amount, threshold or exclude in the rule", "none", line: begun) }
    rules.append(PruningRules.Rule(name, action))
  }

  private mutating func act(_ new: PruningRules.Action) throws(CheckpointError) {
    guard action == nil else { throw failure("one of amount, threshold and exclude", "a second") }
    action = new
  }

  private func word(_ rest: inout Substring) -> Substring {
    let word = rest.prefix { !$0.isWhitespace && $0 != "#" }
    rest = rest.dropFirst(word.count)
    return word
  }

  /// Text in single quotes, as it is, or in double quotes with escapes.
  private func quoted(_ rest: inout Substring) throws(CheckpointError) -> String {
    guard let quote = rest.first, quote == "'" || quote == "\"" else {
      throw failure("text in quotes", CheckpointError.quote(String(rest)))
    }
    var result = ""
    var index = rest.index(after: rest.startIndex)
    while index < rest.endIndex, rest[index] != quote {
      var character = rest[index]
      if quote == "\"", character == "\\" {
        index = rest.index(after: index)
        let escapes: [Character: Character] = ["\\": "\\", "\"": "\"", "n": "\n", "t": "\t"]
        guard index < rest.endIndex, let escaped = escapes[rest[index]] else {
          throw failure(
            "\\\\, \\\", \\n or \\t in double quotes", "another escape", advice: "write expressions in single quotes")
        }
        character = escaped
      }
      result.append(character)
      index = rest.index(after: index)
    }
    guard index < rest.endIndex else { throw failure("text that ends with \(quote)", "none") }
    rest = rest[rest.index(after: index)...]
    return result
  }

  private func expectEnd(_ rest: Substring) throws(CheckpointError) {
    let rest = Self.trimmed(rest)
    guard rest.isEmpty || rest.hasPrefix("#") else {
      throw failure("nothing more on the line", CheckpointError.quote(String(rest)))
    }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }

  private func failure(
    _ expected: String, _ found: String, line number: Int? = nil, advice: String = "correct the line"
  ) -> CheckpointError {
    CheckpointError(
      .invalidArgument, "read rules, line \(number ?? line) of", file: file, expected: expected, found: found,
      advice: advice)
  }
}
