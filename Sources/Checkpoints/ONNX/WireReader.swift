/// Reads the fields of one message of protocol buffers, one after the other; every length is held for hostile.
struct WireReader {
  /// A field as it lies in the buffer.
  struct Field {
    var number: Int
    /// 0 a number, 1 eight bytes, 2 a length and as many bytes, 5 four bytes.
    var type: Int
    /// The field with its tag.
    var whole: Range<Int>
    /// What it holds, without tag and length.
    var content: Range<Int>
  }

  let bytes: UnsafeRawBufferPointer
  /// The end of the message.
  let end: Int
  /// What messages call the file.
  let file: String
  private(set) var place: Int

  /// The message in a range of a buffer.
  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, file: String) {
    (self.bytes, self.file, place, end) = (bytes, file, range.lowerBound, range.upperBound)
  }

  /// The next field; nil at the end of the message.
  mutating func next() throws(CheckpointError) -> Field? {
    guard place < end else { return nil }
    let start = place
    let tag = try varint()
    guard tag >> 3 > 0, tag >> 3 < 1 << 29 else { throw damaged("a field's number from 1 to 2^29 - 1", "\(tag >> 3)") }
    let (number, type) = (Int(tag >> 3), Int(tag & 7))
    var content = place
    switch type {
    case 0: _ = try varint()
    case 1: try skip(8)
    case 2:
      let count = try varint()
      content = place
      try skip(count)
    case 5: try skip(4)
    default: throw damaged("a field of type 0, 1, 2 or 5", "type \(type)")
    }
    return Field(number: number, type: type, whole: start..<place, content: content..<place)
  }

  /// The number that starts at ``place``.
  mutating func varint() throws(CheckpointError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while place < end {
      let byte = bytes[place]
      place += 1
      guard shift < 63 || byte <= 1 else { throw damaged("numbers of 64 bits", "a longer one") }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw damaged("a number", "the end of its message")
  }

  private mutating func skip(_ count: UInt64) throws(CheckpointError) {
    guard count <= UInt64(end - place) else {
      throw damaged("\(count) bytes in field at byte \(place)", "\(end - place)")
    }
    place += Int(count)
  }

  private func damaged(_ expected: String, _ found: String) -> CheckpointError {
    .damaged("read ONNX model", file: file, expected: expected, found: found)
  }
}

extension WireReader {
  /// The number that a field of type 0 holds.
  static func number(_ field: Field, in bytes: UnsafeRawBufferPointer, file: String) throws(CheckpointError) -> UInt64 {
    var reader = WireReader(bytes, field.content, file: file)
    return try reader.varint()
  }

  /// The text that a field of type 2 holds; what is no UTF-8 is repaired.
  static func text(_ field: Field, in bytes: UnsafeRawBufferPointer) -> String {
    String(decoding: bytes[field.content], as: UTF8.self)
  }
}

extension [UInt8] {
  /// Appends a number as protocol buffers write it.
  mutating func appendVarint(_ value: some BinaryInteger) {
    var rest = UInt64(truncatingIfNeeded: value)
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  /// Appends the tag of a field.
  mutating func appendTag(_ number: Int, type: Int) { appendVarint(number << 3 | type) }
}
