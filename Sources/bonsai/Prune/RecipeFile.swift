import Checkpoints
import Recipes
import TOMLKit

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Files of recipes and rules: JSON where the content begins with a brace, otherwise TOML.
enum RecipeFile {
  /// Reads a recipe.
  ///
  /// - Throws: `CheckpointError` where the file cannot be read, `RecipeError` where it is no recipe.
  static func recipe(_ path: String) throws -> Recipe {
    let recipe = try decoded(Recipe.self, path)
    try recipe.validate()
    return recipe
  }

  /// Reads rules: the `[[rule]]` tables of a recipe, and nothing else.
  static func rules(_ path: String) throws -> [Rule] { try decoded(Rules.self, path).rule }

  private struct Rules: Decodable {
    let rule: [Rule]
  }

  private static func decoded<Value: Decodable>(_ type: Value.Type, _ path: String) throws -> Value {
    let text = try text(of: path)
    do {
      guard text.first(where: { !$0.isWhitespace }) != "{" else {
        return try JSONDecoder().decode(type, from: Data(text.utf8))
      }
      return try TOMLDecoder().decode(type, from: text)
    } catch let error as DecodingError {
      throw failure(path, error.place, error.text)
    } catch let error as TOMLParseError {
      throw failure(path, ", line \(error.source.begin.line),", error.description)
    }
  }

  private static func failure(_ path: String, _ place: String, _ found: String) -> RecipeError {
    RecipeError(
      .unreadable, "read recipe '\(path)'" + place, expected: "JSON or TOML as the help of bonsai prune shows it",
      found: found, advice: "correct the file")
  }

  private static func text(of path: String) throws -> String {
    let limit = 1 << 20
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CheckpointError(
        .cannotRead, "read recipe", file: path, expected: "a readable file", found: "none",
        advice: "check the path and its permissions")
    }
    guard data.count <= limit else {
      throw CheckpointError(
        .limitExceeded, "read recipe", file: path, expected: "at most a megabyte", found: "\(data.count) bytes",
        advice: "name a file of a recipe")
    }
    return String(decoding: data, as: UTF8.self)
  }
}

extension DecodingError {
  /// Where in the file, such as ` at rule[1].match`.
  fileprivate var place: String {
    let path = context.codingPath.reduce(into: "") { text, key in
      text += key.intValue.map { "[\($0)]" } ?? (text.isEmpty ? "" : ".") + key.stringValue
    }
    return path.isEmpty ? "" : " at \(path)"
  }

  fileprivate var text: String {
    if case .keyNotFound(let key, _) = self { return "no '\(key.stringValue)'" }
    return context.debugDescription
  }

  private var context: Context {
    switch self {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
      .dataCorrupted(let context):
      context
    @unknown default: Context(codingPath: [], debugDescription: "\(self)")
    }
  }
}
