// The opcodes of protocols 0 and 1, whose values are lines of text.
extension PickleReader {
  /// Carries out one of them; false where `opcode` is none.
  mutating func textStep(_ opcode: UInt8) throws(StepFault) -> Bool {
    switch opcode {
    case UInt8(ascii: "I"), UInt8(ascii: "L"): try pushNumber(try line())
    case UInt8(ascii: "F"):
      guard let value = Double(try line()) else { throw malformedLine("a number") }
      push(arena.add(.float(value)))
    case UInt8(ascii: "S"): try pushQuoted(try line())
    case UInt8(ascii: "V"): try pushEscaped(try line())
    case UInt8(ascii: "g"):
      guard let key = Int(try line()) else { throw malformedLine("a number") }
      try recall(key)
    case UInt8(ascii: "p"):
      guard let key = Int(try line()) else { throw malformedLine("a number") }
      memo[key] = try top()
    case UInt8(ascii: "i"):  // INST: a class by name, its arguments since the mark
      let module = try line()
      let name = try line()
      let arguments = arena.addTuple(try popMark()[...])
      try pushGlobal(module: module, name: name)
      push(try reduce(try pop(), arguments, depth: 0))
    case UInt8(ascii: "o"):  // OBJ: the class itself is the first since the mark
      let items = try popMark()
      guard let first = items.first else { throw underflow() }
      push(try reduce(first, arena.addTuple(items[1...]), depth: 0))
    default: return false
    }
    return true
  }

  private func malformedLine(_ expected: String) -> StepFault {
    .fault(.damaged("\(expected) in a line of the pickle", "other text before byte \(cursor.offset)"))
  }

  /// `12`, `12L`, or `00` and `01` for truth values; what does not fit `Int` is opaque.
  private mutating func pushNumber(_ text: String) throws(StepFault) {
    if text == "00" { return push(booleans[0]) }
    if text == "01" { return push(booleans[1]) }
    let digits = text.hasSuffix("L") ? text.dropLast() : text[...]
    if let value = Int(digits) { return push(value) }
    let isNumber = !digits.isEmpty && digits.drop { $0 == "-" }.allSatisfy(\.isNumber)
    guard isNumber else { throw malformedLine("a number") }
    push(opaque)
  }

  /// A Python string in quotes; with escapes it is opaque, as bytes that are no ASCII are.
  private mutating func pushQuoted(_ text: String) throws(StepFault) {
    guard text.count >= 2, let quote = text.first, quote == "'" || quote == "\"", text.last == quote else {
      throw malformedLine("a string in quotes")
    }
    let inner = text.dropFirst().dropLast()
    push(inner.contains("\\") || !inner.utf8.allSatisfy { $0 < 0x80 } ? opaque : arena.addText(String(inner)))
  }

  /// Text of protocol 0; with escapes, or beyond ASCII, it is opaque.
  private mutating func pushEscaped(_ text: String) throws(StepFault) {
    push(text.contains("\\") || !text.utf8.allSatisfy { $0 < 0x80 } ? opaque : arena.addText(text))
  }
}
