/// Reads gzip files (RFC 1952) without a library: zlib's headers are missing on a fresh system, and all that a data set
/// needs is decompression.
enum Gzip {
  /// Whether the bytes begin as a gzip file does.
  static func isGzip(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
  }

  /// Decompresses a whole file, all its members, and checks length and checksum of each.
  ///
  /// - Parameters:
  ///   - limit: How many bytes may come out; a small file can stand for a thousand times its size.
  static func decompress(_ input: UnsafeRawBufferPointer, limit: Int) throws(DamagedGzip) -> ByteSink {
    guard isGzip(input) else { throw .notGzip }
    guard input.count >= 18 else { throw .truncated }
    let announced = Int(word(input, at: input.count - 4))
    let output = ByteSink(
      capacity: min(announced, input.count.multipliedReportingOverflow(by: 1032).partialValue), limit: limit)
    var offset = 0
    while offset < input.count {
      let start = output.count
      offset = try Inflate.run(input, at: endOfHeader(input, at: offset), into: output)
      guard offset + 8 <= input.count else { throw .truncated }
      let length = Int(word(input, at: offset + 4))
      guard length == (output.count - start) & 0xffff_ffff else {
        throw .length(expected: length, found: output.count - start)
      }
      let sum = output.withBytes(from: start) { CRC32.of($0) }
      guard sum == word(input, at: offset) else { throw .checksum }
      offset += 8
    }
    return output
  }

  /// The offset behind the header of the member that starts at `start`.
  private static func endOfHeader(_ input: UnsafeRawBufferPointer, at start: Int) throws(DamagedGzip) -> Int {
    guard start + 10 <= input.count else { throw .truncated }
    guard input[start] == 0x1f, input[start + 1] == 0x8b else { throw .header("something else follows its data") }
    guard input[start + 2] == 8 else { throw .header("its method of compression is unknown") }
    let flags = input[start + 3]
    guard flags & 0xe0 == 0 else { throw .header("its header has unknown flags") }
    var offset = start + 10
    func skipText() throws(DamagedGzip) {
      while offset < input.count, input[offset] != 0 { offset += 1 }
      guard offset < input.count else { throw .truncated }
      offset += 1
    }
    if flags & 4 != 0 {  // extra field
      guard offset + 2 <= input.count else { throw .truncated }
      offset += 2 + Int(input[offset]) + Int(input[offset + 1]) << 8
    }
    if flags & 8 != 0 { try skipText() }  // file name
    if flags & 16 != 0 { try skipText() }  // comment
    if flags & 2 != 0 { offset += 2 }  // checksum of the header
    guard offset <= input.count else { throw .truncated }
    return offset
  }

  private static func word(_ input: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
    UInt32(littleEndian: input.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}
