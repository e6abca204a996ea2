/// The header of a `.npy` file: type, order and shape of one array.
///
/// Source: NumPy's `lib/format.py`, versions 1.0 to 3.0. The header is a Python dictionary as text; it is scanned, never
/// evaluated.
struct NumPyHeader {
  /// The description of the type as it stands there: `<f4`; of a record, all of it.
  var descr = ""
  /// Whether the first dimension varies fastest.
  var isFortran = false
  var shape: [Int] = []
  /// Where the elements begin, counted from the beginning of the array.
  var dataStart = 0

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  private static let maximumLength = 1 << 16

  /// The header at the beginning of `range`.
  init(_ file: MappedFile, _ range: Range<Int>) throws(CheckpointError) {
    func damaged(_ expected: String, _ found: String) -> CheckpointError {
      .damaged("read NumPy header of", file: file.path, expected: expected, found: found)
    }
    let head = file.bytes(range.prefix(12))
    guard head.count >= 10, head.starts(with: Self.magic), (1...3).contains(head[6]) else {
      throw damaged("a NumPy array of version 1 to 3", "other bytes")
    }
    let isLong = head[6] > 1
    guard head.count == 12 || !isLong else { throw damaged("a whole header", "its end") }
    let length = (isLong ? Array(head[8..<12]) : Array(head[8..<10])).reversed().reduce(0) { $0 << 8 | Int($1) }
    dataStart = (isLong ? 12 : 10) + length
    guard length <= Self.maximumLength, dataStart <= range.count else {
      throw damaged("a header of at most \(Self.maximumLength) bytes within the file", "one of \(length)")
    }
    let start = range.lowerBound + dataStart - length
    var scanner = PythonLiteral(file.bytes(start..<start + length))
    guard
      scanner.dictionary({ key, scanner in
        switch key {
        case "descr": scanner.text().map { descr = $0 } != nil
        case "fortran_order": scanner.truth().map { isFortran = $0 } != nil
        case "shape": scanner.numbers().map { shape = $0 } != nil
        default: false
        }
      }), !descr.isEmpty
    else { throw damaged("descr, fortran_order and shape", "other text") }
  }

  /// The element type; nil for types that have none here: strings, objects, records, big-endian numbers.
  var type: StoredType? {
    guard let order = descr.first, order == "<" || order == "|" || order == "=" else { return nil }
    return Self.types[String(descr.dropFirst())]
  }

  private static let types: [String: StoredType] = [
    "f2": .f16, "f4": .f32, "f8": .f64, "i1": .i8, "i2": .i16, "i4": .i32, "i8": .i64, "u1": .u8, "u2": .u16,
    "u4": .u32, "u8": .u64, "b1": .bool, "c8": .c64, "c16": .c128,
  ]

  /// The strides of an array in Fortran's order, in elements; nil for one in C's order or with no more than one dimension.
  var strides: [Int]? {
    guard isFortran, shape.count > 1 else { return nil }
    var strides: [Int] = []
    var step = 1
    for size in shape {
      strides.append(step)
      step = step.multipliedReportingOverflow(by: max(size, 1)).partialValue
    }
    return strides
  }
}

/// Scans the few Python literals of a NumPy header.
private struct PythonLiteral {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private mutating func peek() -> UInt8? {
    while offset < bytes.count, [0x20, 0x0a, 0x09].contains(bytes[offset]) { offset += 1 }
    return offset < bytes.count ? bytes[offset] : nil
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(character.value) else { return false }
    offset += 1
    return true
  }

  /// Walks a dictionary; false where it is none or `body` says so.
  mutating func dictionary(_ body: (String, inout PythonLiteral) -> Bool) -> Bool {
    guard skip("{") else { return false }
    while !skip("}") {
      guard let key = text(), skip(":"), body(key, &self) else { return false }
      guard skip(",") || peek() == UInt8(ascii: "}") else { return false }
    }
    return true
  }

  /// A string in quotes; a list, the description of a record, as it stands.
  mutating func text() -> String? {
    guard let quote = peek() else { return nil }
    if quote == UInt8(ascii: "[") { return list() }
    guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
    guard let end = bytes[(offset + 1)...].firstIndex(of: quote) else { return nil }
    defer { offset = end + 1 }
    return String(decoding: bytes[offset + 1..<end], as: UTF8.self)
  }

  private mutating func list() -> String? {
    var depth = 0
    for place in offset..<bytes.count {
      if bytes[place] == UInt8(ascii: "[") { depth += 1 }
      if bytes[place] == UInt8(ascii: "]") { depth -= 1 }
      if depth == 0 {
        defer { offset = place + 1 }
        return String(decoding: bytes[offset...place], as: UTF8.self)
      }
    }
    return nil
  }

  mutating func truth() -> Bool? {
    _ = peek()
    for (text, value) in [("True", true), ("False", false)] where bytes[offset...].starts(with: Array(text.utf8)) {
      offset += text.utf8.count
      return value
    }
    return nil
  }

  /// A tuple of whole numbers; `10L` as Python 2 wrote it.
  mutating func numbers() -> [Int]? {
    guard skip("(") else { return nil }
    var numbers: [Int] = []
    while !skip(")") {
      guard let first = peek(), (0x30...0x39).contains(first), numbers.count < 64 else { return nil }
      var value = 0
      while offset < bytes.count, (0x30...0x39).contains(bytes[offset]) {
        let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = shifted.addingReportingOverflow(Int(bytes[offset] - 0x30))
        guard !overflow, !carry else { return nil }
        value = sum
        offset += 1
      }
      numbers.append(value)
      _ = skip("L")
      guard skip(",") || peek() == UInt8(ascii: ")") else { return nil }
    }
    return numbers
  }
}
