import OrderedCollections

/// A JSON value without loss: members keep their order and numbers their text, so that what is read and written again
/// without change is the same, unknown members included.
public enum JSONValue: Hashable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number as it is written: `1e-05`.
  case number(String)
  /// A text, its escapes undone.
  case string(String)
  /// Values in order.
  case array([JSONValue])
  /// Members in order, each name once.
  case object(JSONObject)
}

/// The members of a JSON object, in order.
public typealias JSONObject = OrderedDictionary<String, JSONValue>

extension JSONValue {
  /// The members, where this is an object.
  public var object: JSONObject? { if case .object(let members) = self { members } else { nil } }
  /// The elements, where this is an array.
  public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
  /// The text, where this is one.
  public var string: String? { if case .string(let text) = self { text } else { nil } }
  /// The truth value, where this is one.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// The whole number, where this is one and fits.
  public var int: Int? { if case .number(let text) = self { Int(text) } else { nil } }
  /// The number, where this is one; also the texts by which PyTorch writes infinities and NaN.
  public var double: Double? {
    switch self {
    case .number(let text): Double(text)
    case .string("Infinity"): .infinity
    case .string("-Infinity"): -.infinity
    case .string("NaN"): .nan
    default: nil
    }
  }
  /// Whether this is `null`.
  public var isNull: Bool { self == .null }

  /// The member called `name`, where this is an object that has it.
  public subscript(name: String) -> JSONValue? { object?[name] }

  /// A whole number.
  public static func int(_ value: Int) -> JSONValue { .number(String(value)) }
  /// A number as Python writes it: infinities and NaN as text.
  public static func double(_ value: Double) -> JSONValue {
    if value.isNaN { return .string("NaN") }
    if value.isInfinite { return .string(value < 0 ? "-Infinity" : "Infinity") }
    return .number("\(value)")
  }
}

extension JSONValue {
  /// Reads a JSON text.
  ///
  /// - Parameters:
  ///   - bytes: the text in UTF-8.
  ///   - file: what messages call it.
  ///   - maximumDepth: how deep arrays and objects may nest.
  /// - Throws: ``CheckpointError`` of kind `damaged` with the offset of what is wrong.
  public init(parsing bytes: [UInt8], file: String, maximumDepth: Int = 256) throws(CheckpointError) {
    var scanner = JSONScanner(bytes, maximumDepth: maximumDepth)
    do throws(JSONScanner.Fault) {
      self = try scanner.value()
      try scanner.expectEnd()
    } catch {
      throw .damaged(
        "read JSON of", file: file, expected: "\(error.expected) at byte \(error.offset)", found: error.found)
    }
  }

  /// The value as Python's `json.dumps` writes it: a space after commas and colons, everything beyond ASCII escaped.
  public var text: [UInt8] {
    var out: [UInt8] = []
    write(to: &out)
    return out
  }

  private func write(to out: inout [UInt8]) {
    switch self {
    case .null: out += "null".utf8
    case .bool(let value): out += (value ? "true" : "false").utf8
    case .number(let text): out += text.utf8
    case .string(let text): Self.write(text, to: &out)
    case .array(let elements):
      out.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { out += ", ".utf8 }
        element.write(to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { out += ", ".utf8 }
        Self.write(member.key, to: &out)
        out += ": ".utf8
        member.value.write(to: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ text: String, to out: inout [UInt8]) {
    func unit(_ value: UInt16) {
      let digits = Array("0123456789abcdef".utf8)
      out += "\\u".utf8
      for shift in [12, 8, 4, 0] { out.append(digits[Int(value >> UInt16(shift) & 15)]) }
    }
    out.append(UInt8(ascii: "\""))
    for code in text.utf16 {
      switch code {
      case 0x22: out += "\\\"".utf8
      case 0x5c: out += "\\\\".utf8
      case 0x0a: out += "\\n".utf8
      case 0x0d: out += "\\r".utf8
      case 0x09: out += "\\t".utf8
      case 0x08: out += "\\b".utf8
      case 0x0c: out += "\\f".utf8
      case 0x20..<0x7f: out.append(UInt8(code))
      default: unit(code)
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}

extension JSONScanner {
  /// The next value, whole.
  mutating func value(depth: Int = 0) throws(Fault) -> JSONValue {
    guard depth < maximumDepth else {
      throw Fault(offset: offset, expected: "nesting of at most \(maximumDepth)", found: "more")
    }
    switch peek() {
    case UInt8(ascii: "{"):
      var members: JSONObject = [:]
      try object { (scanner, key) throws(Fault) in
        let start = scanner.offset
        guard members.updateValue(try scanner.value(depth: depth + 1), forKey: key) == nil else {
          throw Fault(offset: start, expected: "each member once", found: "\(CheckpointError.quote(key)) twice")
        }
      }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try array { (scanner) throws(Fault) in elements.append(try scanner.value(depth: depth + 1)) }
      return .array(elements)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"):
      try literal("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try literal("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try literal("null")
      return .null
    default:
      _ = peek()
      let start = offset
      try skipNumber()
      return .number(String(decoding: bytes[start..<offset], as: UTF8.self))
    }
  }
}
