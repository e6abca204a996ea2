/// A key of any name.
struct TextKey: CodingKey, ExpressibleByStringLiteral {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init(stringLiteral value: String) { stringValue = value }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

/// The parts of a table in a recipe's text.
struct TextParts {
  fileprivate let container: KeyedDecodingContainer<TextKey>

  func has(_ key: String) -> Bool { container.contains(TextKey(key)) }

  /// The value of a part; nil where it is left out.
  func value<Value: Decodable>(_ type: Value.Type, _ key: String) throws -> Value? {
    has(key) ? try container.decode(type, forKey: TextKey(key)) : nil
  }

  /// The number of a part, whole or not; nil where it is left out.
  func number(_ key: String) throws -> Double? {
    guard has(key) else { return nil }
    if let whole = try? container.decode(Int.self, forKey: TextKey(key)) { return Double(whole) }
    return try container.decode(Double.self, forKey: TextKey(key))
  }

  /// Whether a part is a whole number above 1, which must have been meant as a number of entries.
  func isWhole(_ key: String) -> Bool {
    guard has(key), let whole = try? container.decode(Int.self, forKey: TextKey(key)) else { return false }
    return whole > 1
  }

  /// Reads a regular expression.
  func pattern(_ text: String, _ key: String) throws -> NamePattern {
    do throws(RecipeError) { return try NamePattern(text) } catch { throw wrong(key, "\(error)") }
  }

  /// The error about a part.
  func wrong(_ key: String, _ text: String) -> DecodingError {
    .dataCorrupted(.init(codingPath: container.codingPath + [TextKey(key)], debugDescription: text))
  }
}

extension Decoder {
  /// The parts of a table, all of which must be known.
  func parts(_ known: String...) throws -> TextParts { try parts(known) }

  func parts(_ known: [String]) throws -> TextParts {
    let parts = TextParts(container: try container(keyedBy: TextKey.self))
    if let unknown = parts.container.allKeys.first(where: { !known.contains($0.stringValue) }) {
      throw parts.wrong(
        unknown.stringValue, "expected one of \(known.joined(separator: ", ")), found '\(unknown.stringValue)'")
    }
    return parts
  }
}
