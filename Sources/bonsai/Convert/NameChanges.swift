import Checkpoints
import OrderedCollections

/// How tensors are renamed: a prefix taken away, then substitutions in order.
struct NameChanges {
  private let prefix: String?
  private let substitutions: [Substitution]

  /// Reads substitutions.
  ///
  /// - Throws: `CheckpointError` of kind `invalidArgument` where one is none.
  init(stripping prefix: String?, _ substitutions: [String]) throws(CheckpointError) {
    self.prefix = prefix
    var read: [Substitution] = []
    for text in substitutions { read.append(try Substitution(text)) }
    self.substitutions = read
  }

  /// The new names of a checkpoint's tensors, in their order.
  ///
  /// - Throws: `CheckpointError` where the prefix is not before every name, or two tensors would have the same name or none.
  func applied(to checkpoint: Checkpoint) throws(CheckpointError) -> [String] {
    var names: [String] = []
    var owners: [String: String] = [:]
    for tensor in checkpoint.tensors {
      let name = try renamed(tensor.name, in: checkpoint.path)
      if let other = owners.updateValue(tensor.name, forKey: name) {
        throw CheckpointError(
          .invalidArgument, "rename tensors of", file: checkpoint.path, expected: "another name for each tensor",
          found: "'\(name)' for '\(other)' and '\(tensor.name)'", advice: "change --rename; nothing was written")
      }
      guard !name.isEmpty else {
        throw CheckpointError(
          .invalidArgument, "rename tensors of", file: checkpoint.path, expected: "a name for each tensor",
          found: "none for '\(tensor.name)'", advice: "change --rename; nothing was written")
      }
      names.append(name)
    }
    return names
  }

  /// The versions of modules under their new names: without a prefix `module.` those of `module.conv1` under `conv1`, of
  /// `module` under none.
  func versions(of checkpoint: Checkpoint) -> OrderedDictionary<String, Int> {
    let versions = checkpoint.moduleVersions.compactMap { module, version -> (String, Int)? in
      var name = module
      if let prefix {
        guard module + "." == prefix || module.hasPrefix(prefix) else { return nil }
        name = String(module.dropFirst(prefix.count))
      }
      // As the name of a tensor in it, so that what a substitution does before the last dot is done here too.
      return (substitutions.reduce(name.isEmpty ? "" : name + ".") { $1.applied(to: $0) }.withoutDotAtEnd, version)
    }
    return OrderedDictionary(versions) { first, _ in first }
  }

  private func renamed(_ name: String, in file: String) throws(CheckpointError) -> String {
    var name = name
    if let prefix {
      guard name.hasPrefix(prefix), name != prefix else {
        throw CheckpointError(
          .invalidArgument, "strip a prefix from the names of", file: file, expected: "'\(prefix)' before every name",
          found: "'\(name)'", advice: "look at the names with bonsai inspect; nothing was written")
      }
      name = String(name.dropFirst(prefix.count))
    }
    return substitutions.reduce(name) { $1.applied(to: $0) }
  }
}

extension String {
  fileprivate var withoutDotAtEnd: String { hasSuffix(".") ? String(dropLast()) : self }
}

/// A substitution as sed writes it, `s/REGEX/TEXT/` or `s/REGEX/TEXT/g`, with any character in place of the slashes.
private struct Substitution {
  private let expression: Regex<AnyRegexOutput>
  private let replacement: [Piece]
  private let isGlobal: Bool

  private enum Piece {
    case text(String)
    case group(Int)
  }

  init(_ text: String) throws(CheckpointError) {
    func wrong(_ expected: String, _ found: String) -> CheckpointError {
      CheckpointError(
        .invalidArgument, "read", file: text, expected: expected, found: found,
        advice: "write it as 's/layers\\.([0-9]+)/blocks.\\1/', with g behind it for all places in a name")
    }
    var parts: [String] = [""]
    let letters = Array(text)
    guard letters.count > 3, letters[0] == "s", !letters[1].isLetter, letters[1] != "\\" else {
      throw wrong("a substitution s/REGEX/TEXT/", "'\(text)'")
    }
    var place = 2
    while place < letters.count {
      if letters[place] == "\\", place + 1 < letters.count {
        // An escaped delimiter stands for itself; other escapes are the expression's.
        parts[parts.count - 1] += letters[place + 1] == letters[1] ? "" : "\\"
        parts[parts.count - 1].append(letters[place + 1])
        place += 2
        continue
      }
      if letters[place] == letters[1] { parts.append("") } else { parts[parts.count - 1].append(letters[place]) }
      place += 1
    }
    guard parts.count == 3, parts[2].isEmpty || parts[2] == "g", !parts[0].isEmpty else {
      throw wrong("a substitution s/REGEX/TEXT/ or s/REGEX/TEXT/g", "'\(text)'")
    }
    isGlobal = parts[2] == "g"
    do {
      expression = try Regex(parts[0])
    } catch {
      throw wrong("a regular expression between the first two '\(letters[1])'", "'\(parts[0])'")
    }
    replacement = Self.pieces(parts[1])
  }

  private static func pieces(_ text: String) -> [Piece] {
    var pieces: [Piece] = []
    var plain = ""
    let letters = Array(text)
    var place = 0
    while place < letters.count {
      let isMark = letters[place] == "\\" || letters[place] == "$"
      if isMark, place + 1 < letters.count, let group = letters[place + 1].wholeNumberValue {
        if !plain.isEmpty { pieces.append(.text(plain)) }
        plain = ""
        pieces.append(.group(group))
        place += 2
      } else {
        if letters[place] == "\\", place + 1 < letters.count { place += 1 }
        plain.append(letters[place])
        place += 1
      }
    }
    return plain.isEmpty ? pieces : pieces + [.text(plain)]
  }

  func applied(to name: String) -> String {
    name.replacing(expression, maxReplacements: isGlobal ? .max : 1) { match in
      replacement.map { piece in
        switch piece {
        case .text(let text): text
        case .group(let number):
          number < match.output.count ? match.output[number].substring.map(String.init) ?? "" : ""
        }
      }.joined()
    }
  }
}
