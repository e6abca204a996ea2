/// The members of a tar archive: names and where their bytes lie.
///
/// Source: POSIX.1-1988, "ustar"; records of other kinds (links, extended headers) are passed over.
struct TarArchive {
  private(set) var members: [String: Range<Int>] = [:]

  private static let blockSize = 512

  /// Whether a file begins with a header of a tar archive.
  static func isTar(_ file: MappedFile) -> Bool {
    file.size >= blockSize && file.bytes(257..<262).elementsEqual("ustar".utf8)
  }

  /// Reads the headers.
  ///
  /// - Throws: `CheckpointError` where a member leaves the file.
  init(_ file: MappedFile) throws(CheckpointError) {
    var offset = 0
    while offset <= file.size - Self.blockSize {
      let header = file.bytes(offset..<offset + Self.blockSize)
      guard header[0] != 0 else { break }
      let start = offset + Self.blockSize
      guard let size = Self.octal(header[124..<136]), size <= file.size - start else {
        throw .damaged(
          "read tar archive", file: file.path, expected: "a member within \(file.size) bytes at \(offset)",
          found: "a size that leaves the file", advice: "the file is cut short or damaged: download or save it again")
      }
      if header[156] == 0 || header[156] == UInt8(ascii: "0") {
        let name = String(decoding: header[..<100].prefix { $0 != 0 }, as: UTF8.self)
        members[name.hasPrefix("./") ? String(name.dropFirst(2)) : name] = start..<start + size
      }
      offset = start + (size + Self.blockSize - 1) / Self.blockSize * Self.blockSize
    }
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = field.drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
    return digits.isEmpty ? nil : Int(String(decoding: digits, as: UTF8.self), radix: 8)
  }
}
