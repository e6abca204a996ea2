/// A strict scanner for JSON out of untrusted files: order and duplicates are seen, numbers are whole and checked,
/// nesting is bounded, strings are valid UTF-8 without lone surrogates.
///
/// It reads what RFC 8259 allows in the places that a caller asks for; it builds no tree. Complexity: one pass.
struct JSONScanner {
  /// What is wrong, and at which byte.
  struct Fault: Error {
    var offset: Int
    var expected: String
    var found: String
  }

  let bytes: [UInt8]
  private(set) var offset = 0
  let maximumDepth: Int

  init(_ bytes: [UInt8], maximumDepth: Int = 32) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
  }

  /// The next byte that is no white space, not consumed; nil at the end.
  mutating func peek() -> UInt8? {
    while offset < bytes.count {
      let byte = bytes[offset]
      guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return byte }
      offset += 1
    }
    return nil
  }

  func fault(_ expected: String, at position: Int? = nil) -> Fault {
    let position = position ?? offset
    guard position < bytes.count else { return Fault(offset: position, expected: expected, found: "the end") }
    let byte = bytes[position]
    let printable = byte > 0x20 && byte < 0x7f
    let found = printable ? "'\(Character(UnicodeScalar(byte)))'" : "byte \(byte)"
    return Fault(offset: position, expected: expected, found: found)
  }

  /// Consumes white space and one given byte.
  mutating func expect(_ character: Unicode.Scalar) throws(Fault) {
    guard peek() == UInt8(character.value) else { throw fault("'\(character)'") }
    offset += 1
  }

  /// Consumes `character` where it comes next.
  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(character.value) else { return false }
    offset += 1
    return true
  }

  /// Nothing but white space may follow.
  mutating func expectEnd() throws(Fault) {
    if peek() != nil { throw fault("nothing after the closing brace") }
  }

  /// Walks an object; `body` consumes each member's value. Duplicates are the caller's to refuse.
  mutating func object(_ body: (inout JSONScanner, String) throws(Fault) -> Void) throws(Fault) {
    try expect("{")
    if skip("}") { return }
    repeat {
      let key = try string()
      try expect(":")
      try body(&self, key)
    } while skip(",")
    try expect("}")
  }

  /// Walks an array; `body` consumes each element.
  mutating func array(_ body: (inout JSONScanner) throws(Fault) -> Void) throws(Fault) {
    try expect("[")
    if skip("]") { return }
    repeat { try body(&self) } while skip(",")
    try expect("]")
  }

  /// A whole number of 0 or more that fits `Int`, without sign, fraction or exponent.
  mutating func wholeNumber() throws(Fault) -> Int {
    guard let first = peek(), isDigit(first) else { throw fault("a whole number of 0 or more") }
    let start = offset
    var value = 0
    while offset < bytes.count, isDigit(bytes[offset]) {
      let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = shifted.addingReportingOverflow(Int(bytes[offset] - 0x30))
      guard !overflow, !carry else {
        throw Fault(offset: start, expected: "a whole number below 2^63", found: "a larger one")
      }
      value = sum
      offset += 1
    }
    if first == 0x30 && offset - start > 1 {
      throw Fault(offset: start, expected: "a number without leading zeros", found: "'0' in front")
    }
    if offset < bytes.count, [0x2e, 0x65, 0x45].contains(bytes[offset]) { throw fault("a whole number") }
    return value
  }

  /// Consumes any value, nested at most `maximumDepth` deep.
  mutating func skipValue(depth: Int = 0) throws(Fault) {
    guard depth < maximumDepth else {
      throw Fault(offset: offset, expected: "nesting of at most \(maximumDepth)", found: "more")
    }
    switch peek() {
    case UInt8(ascii: "{"):
      try object { (scanner, _) throws(Fault) in try scanner.skipValue(depth: depth + 1) }
    case UInt8(ascii: "["):
      try array { (scanner) throws(Fault) in try scanner.skipValue(depth: depth + 1) }
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t"): try literal("true")
    case UInt8(ascii: "f"): try literal("false")
    case UInt8(ascii: "n"): try literal("null")
    default: try skipNumber()
    }
  }

  /// Consumes exactly `text`.
  mutating func literal(_ text: StaticString) throws(Fault) {
    _ = peek()
    let wanted = text.withUTF8Buffer { [UInt8]($0) }
    guard offset + wanted.count <= bytes.count, bytes[offset..<offset + wanted.count].elementsEqual(wanted) else {
      throw fault("'\(text)'")
    }
    offset += wanted.count
  }

  mutating func skipNumber() throws(Fault) {
    if offset < bytes.count, bytes[offset] == UInt8(ascii: "-") { offset += 1 }
    try digits()
    if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
      offset += 1
      try digits()
    }
    if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
      offset += 1
      if offset < bytes.count, [0x2b, 0x2d].contains(bytes[offset]) { offset += 1 }
      try digits()
    }
  }

  private mutating func digits() throws(Fault) {
    let start = offset
    while offset < bytes.count, isDigit(bytes[offset]) { offset += 1 }
    if offset == start { throw fault("a value") }
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}

extension JSONScanner {
  /// A string with its escapes undone.
  mutating func string() throws(Fault) -> String {
    try expect("\"")
    let start = offset
    var text: [UInt8] = []
    while offset < bytes.count {
      let byte = bytes[offset]
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        let decoded = String(decoding: text, as: UTF8.self)
        // Decoding repairs what is no UTF-8; bytes that differ afterwards were damaged.
        guard decoded.utf8.elementsEqual(text) else {
          throw Fault(offset: start, expected: "valid UTF-8", found: "other bytes in a string")
        }
        return decoded
      case UInt8(ascii: "\\"):
        offset += 1
        try escape(into: &text)
      case 0..<0x20:
        throw fault("no control character in a string")
      default:
        text.append(byte)
        offset += 1
      }
    }
    throw fault("a closing '\"'")
  }

  private mutating func escape(into text: inout [UInt8]) throws(Fault) {
    guard offset < bytes.count else { throw fault("an escape") }
    let kind = bytes[offset]
    offset += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(kind)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var value = try hexadecimal()
      if (0xd800..<0xdc00).contains(value) {
        guard offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u")
        else { throw fault("the second half of a surrogate pair") }
        offset += 2
        let low = try hexadecimal()
        guard (0xdc00..<0xe000).contains(low) else { throw fault("the second half of a surrogate pair") }
        value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(value) else { throw fault("no lone half of a surrogate pair") }
      text.append(contentsOf: String(Character(scalar)).utf8)
    default: throw fault("a known escape", at: offset - 1)
    }
  }

  private mutating func hexadecimal() throws(Fault) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard offset < bytes.count, let digit = Character(UnicodeScalar(bytes[offset])).hexDigitValue,
        bytes[offset] < 0x80
      else { throw fault("four hexadecimal digits") }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }
}
