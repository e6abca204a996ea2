import CTorch

/// What an operator takes and gives, as LibTorch's text says: `aten::add.Tensor(Tensor self, Tensor other, *, Scalar
/// alpha=1) -> Tensor`.
package struct OperatorSchema: Sendable {
  /// Namespace, name and overload: `aten::add.Tensor`.
  package let name: String
  /// What it takes, in order.
  package let arguments: [Argument]
  /// What it gives, in order.
  package let results: [Argument]
  /// Whether it draws random numbers, if only in some mode.
  package let isRandom: Bool
  /// Whether the sizes of its results follow from entries, as those of `nonzero` do.
  package let hasDynamicShape: Bool

  /// One argument or result.
  package struct Argument: Sendable {
    /// Its name; empty for most results.
    package let name: String
    /// Its type without marks of aliases, of being optional and of lists: `Tensor`, `SymInt`, `ScalarType`.
    package let type: String
    /// Whether it may be absent.
    package let isOptional: Bool
    /// Whether it is a list, and of how many entries where that is fixed.
    package let list: List
    /// Whether it can only be given by name.
    package let isKeywordOnly: Bool
    /// Whether there is a default.
    package let hasDefault: Bool
    /// Whether the tensor's memory is written to.
    package let isWritten: Bool

    /// Whether an argument is a list.
    package enum List: Hashable, Sendable {
      /// It is none.
      case no
      /// Of any length, entries perhaps absent.
      case any(optionalEntries: Bool)
      /// Of that length; one number stands for as many equal ones.
      case count(Int)
    }
  }

  /// Looks an operator's schema up.
  ///
  /// - Throws: ``TorchError/engine(operation:message:)`` where LibTorch has none of that name.
  package init(_ name: String) throws(TorchError) {
    let handle = try OperatorHandle(name)
    var text: UnsafeMutablePointer<CChar>?
    var isRandom = false
    var hasDynamicShape = false
    try check(ct_operator_facts(handle.op, &text, &isRandom, &hasDynamicShape), name)
    self.init(parsing: message(of: text) ?? "", isRandom: isRandom, hasDynamicShape: hasDynamicShape)
  }

  init(parsing text: String, isRandom: Bool, hasDynamicShape: Bool) {
    self.isRandom = isRandom
    self.hasDynamicShape = hasDynamicShape
    guard let open = text.firstIndex(of: "("), let arrow = text.range(of: ") -> ", searchingFrom: open) else {
      (name, arguments, results) = (text, [], [])
      return
    }
    name = String(text[..<open])
    var isKeywordOnly = false
    var arguments: [Argument] = []
    for part in Self.parts(text[text.index(after: open)..<arrow.lowerBound]) {
      if part == "*" {
        isKeywordOnly = true
      } else {
        arguments.append(Argument(part, isKeywordOnly: isKeywordOnly, isNamed: true))
      }
    }
    self.arguments = arguments
    var given = text[arrow.upperBound...]
    if given.hasPrefix("("), given.hasSuffix(")") { given = given.dropFirst().dropLast() }
    results = Self.parts(given).map { Argument($0, isKeywordOnly: false, isNamed: false) }
  }

  /// Cuts a list at its commas, those within brackets and texts left alone.
  private static func parts(_ text: Substring) -> [Substring] {
    var parts: [Substring] = []
    var depth = 0
    var isQuoted = false
    var start = text.startIndex
    for index in text.indices {
      switch text[index] {
      case "\"", "'": isQuoted.toggle()
      case "(", "[": if !isQuoted { depth += 1 }
      case ")", "]": if !isQuoted { depth -= 1 }
      case "," where depth == 0 && !isQuoted:
        parts.append(text[start..<index])
        start = text.index(after: index)
      default: break
      }
    }
    parts.append(text[start...])
    return parts.map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }
  }
}

extension OperatorSchema.Argument {
  /// Reads `Tensor(a!)? self=None`, or a type alone.
  fileprivate init(_ text: Substring, isKeywordOnly: Bool, isNamed: Bool) {
    self.isKeywordOnly = isKeywordOnly
    var depth = 0
    var end = text.endIndex
    for index in text.indices where end == text.endIndex {
      switch text[index] {
      case "(", "[": depth += 1
      case ")", "]": depth -= 1
      case "=" where depth == 0: end = index
      default: break
      }
    }
    hasDefault = end != text.endIndex
    let declaration = text[..<end]
    // The name is the last word behind the type, whose brackets may hold spaces.
    var type = declaration
    if let space = declaration.lastIndex(of: " "), !declaration[space...].contains(where: { ")]?".contains($0) }) {
      name = String(declaration[declaration.index(after: space)...])
      type = declaration[..<space]
    } else {
      name = ""
    }
    isWritten = type.contains("!")
    var plain = ""
    depth = 0
    for character in type {
      if character == "(" { depth += 1 }
      if depth == 0 { plain.append(character) }
      if character == ")" { depth -= 1 }
    }
    isOptional = plain.hasSuffix("?")
    if isOptional { plain.removeLast() }
    if plain.hasSuffix("]"), let open = plain.lastIndex(of: "[") {
      let count = Int(plain[plain.index(after: open)...].dropLast())
      plain = String(plain[..<open])
      let hasOptionalEntries = plain.hasSuffix("?")
      if hasOptionalEntries { plain.removeLast() }
      list = count.map { .count($0) } ?? .any(optionalEntries: hasOptionalEntries)
    } else {
      list = .no
    }
    self.type = plain
  }
}

extension String {
  fileprivate func range(of text: String, searchingFrom start: Index) -> Range<Index>? {
    var index = start
    while index < endIndex {
      if self[index...].hasPrefix(text) { return index..<self.index(index, offsetBy: text.count) }
      index = self.index(after: index)
    }
    return nil
  }
}
