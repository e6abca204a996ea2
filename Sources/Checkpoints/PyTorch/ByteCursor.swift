/// Reads little-endian numbers and runs of bytes out of untrusted memory; every step is checked against the end.
struct ByteCursor {
  /// The memory ended before the value did.
  struct End: Error {
    var offset: Int
  }

  let bytes: UnsafeRawBufferPointer
  private(set) var offset: Int

  init(_ bytes: UnsafeRawBufferPointer, offset: Int = 0) {
    self.bytes = bytes
    self.offset = min(max(offset, 0), bytes.count)
  }

  var remaining: Int { bytes.count - offset }

  /// Steps over `count` bytes and returns where they lie.
  mutating func take(_ count: Int) throws(End) -> Range<Int> {
    guard count >= 0, count <= remaining else { throw End(offset: offset) }
    defer { offset += count }
    return offset..<offset + count
  }

  mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(End) -> T {
    let range = try take(MemoryLayout<T>.size)
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: range.lowerBound, as: T.self))
  }

  /// A 64-bit length or offset that fits `Int`.
  mutating func wide() throws(End) -> Int {
    let value = try integer(UInt64.self)
    guard let number = Int(exactly: value) else { throw End(offset: offset) }
    return number
  }

  /// The bytes up to the next line feed, which is consumed.
  mutating func line() throws(End) -> Range<Int> {
    let start = offset
    var end = start
    while end < bytes.count, bytes[end] != 0x0a { end += 1 }
    guard end < bytes.count else { throw End(offset: start) }
    offset = end + 1
    return start..<end
  }

  func text(_ range: Range<Int>) -> String {
    String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
  }

  /// Text that must be valid UTF-8.
  func validText(_ range: Range<Int>) -> String? {
    let text = text(range)
    return text.utf8.elementsEqual(UnsafeRawBufferPointer(rebasing: bytes[range])) ? text : nil
  }
}
