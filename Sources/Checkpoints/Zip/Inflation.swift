import CZlib

/// Inflates a deflated member of an archive block by block, in bounded memory.
///
/// Source: RFC 1951, by zlib's `inflate`.
struct Inflation {
  private let entry: ZipArchive.Entry
  private let file: MappedFile
  private let range: Range<Int>

  /// Deflate makes at most 1032 bytes out of one.
  static let maximumRatio = 1032
  private static let blockSize = 1 << 20

  init(_ entry: ZipArchive.Entry, in file: MappedFile, _ range: Range<Int>) {
    self.entry = entry
    self.file = file
    self.range = range
  }

  /// Hands out the member's bytes, exactly as many as the directory says.
  ///
  /// - Throws: `CheckpointError` where the data are no deflated ones or another number of bytes, and what `consume` throws.
  func run(_ consume: (UnsafeRawBufferPointer) throws(CheckpointError) -> Void) throws(CheckpointError) {
    var stream = z_stream()
    guard inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw damaged("an inflater to begin", "none")
    }
    defer { inflateEnd(&stream) }
    let source = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockSize, alignment: 64)
    let target = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockSize, alignment: 64)
    defer {
      source.deallocate()
      target.deallocate()
    }
    var offset = range.lowerBound
    var count = 0
    var status = Z_OK
    while status != Z_STREAM_END {
      if stream.avail_in == 0 {
        let block = UnsafeMutableRawBufferPointer(rebasing: source[..<min(Self.blockSize, range.upperBound - offset)])
        guard !block.isEmpty else { throw damaged("\(entry.size) bytes inflated", "\(count), then the end") }
        try file.read(at: offset, into: block)
        offset += block.count
        stream.next_in = block.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_in = UInt32(block.count)
      }
      stream.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.avail_out = UInt32(target.count)
      status = inflate(&stream, Z_NO_FLUSH)
      guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
        throw damaged("deflated data", "other bytes after \(count) inflated ones")
      }
      let made = target.count - Int(stream.avail_out)
      guard made <= entry.size - count else { throw damaged("\(entry.size) bytes inflated", "more") }
      try consume(UnsafeRawBufferPointer(rebasing: target[..<made]))
      count += made
    }
    guard count == entry.size else { throw damaged("\(entry.size) bytes inflated", "\(count)") }
  }

  private func damaged(_ expected: String, _ found: String) -> CheckpointError {
    .damaged(
      "inflate member \(CheckpointError.quote(entry.name)) of", file: file.path, expected: expected, found: found)
  }
}

extension ZipArchive {
  /// The bytes of a small member, inflated where it is deflated.
  ///
  /// - Throws: `CheckpointError` where it is larger than `limit`, damaged, or stored in another way.
  func contents(of entry: Entry, limit: Int) throws(CheckpointError) -> [UInt8] {
    let range = try range(of: entry)
    guard entry.size <= limit else {
      throw CheckpointError(
        .limitExceeded, "read member \(CheckpointError.quote(entry.name)) of", file: file.path,
        expected: "at most \(limit) bytes", found: "\(entry.size)", advice: "save the state dict alone, with torch.save"
      )
    }
    guard entry.method != 0 else { return file.bytes(range) }
    var bytes: [UInt8] = []
    try Inflation(entry, in: file, range).run { block throws(CheckpointError) in bytes.append(contentsOf: block) }
    return bytes
  }

  /// Where members can be read at any offset: in the archive itself where all are stored, otherwise all of them in a
  /// nameless temporary file, which goes with the last reference to it.
  func unpacked(_ members: [Entry]) throws(CheckpointError) -> (file: MappedFile, ranges: [Range<Int>]) {
    var places: [Range<Int>] = []
    for member in members { places.append(try range(of: member)) }
    guard members.contains(where: { $0.method != 0 }) else { return (file, places) }
    var total = 0
    for member in members {
      let (most, overflow) = member.storedSize.multipliedReportingOverflow(by: Inflation.maximumRatio)
      let (sum, carry) = total.addingReportingOverflow(member.size)
      guard member.method == 0 || overflow || member.size <= most, !carry else {
        throw .damaged(
          "read zip directory of", file: file.path, expected: "sizes that deflated data can have",
          found: "\(member.size) bytes for \(CheckpointError.quote(member.name)) out of \(member.storedSize)")
      }
      total = sum
    }
    let spool = try TemporaryFile(size: total, for: file.path)
    var ranges: [Range<Int>] = []
    for (member, place) in zip(members, places) {
      let start = spool.size
      if member.method == 0 {
        try spool.append(file, place)
      } else {
        try Inflation(member, in: file, place).run { block throws(CheckpointError) in try spool.append(block) }
      }
      ranges.append(start..<spool.size)
    }
    return (try spool.mapped(), ranges)
  }
}
