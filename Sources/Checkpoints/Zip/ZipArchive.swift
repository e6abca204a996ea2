/// The directory of a zip archive, with zip64; its members are read as they lie, or inflated (``Inflation``).
///
/// Source: PKWARE's APPNOTE.TXT, sections 4.3 to 4.5.
struct ZipArchive {
  /// A member as the central directory tells it.
  struct Entry {
    var name: String
    var method: UInt16
    var isEncrypted: Bool
    var checksum: UInt32
    var storedSize: Int
    var size: Int
    var headerOffset: Int
  }

  let file: MappedFile
  /// The members, in the order of the directory.
  private(set) var entries: [Entry] = []
  private var indices: [String: Int] = [:]

  /// Reads the directory at the end of `file`.
  init(_ file: MappedFile) throws(CheckpointError) {
    self.file = file
    let result: Result<[Entry], Fault> = file.withBytes(0..<file.size) { bytes in
      do throws(Fault) { return .success(try ZipArchive.directory(of: bytes)) } catch { return .failure(error) }
    }
    switch result {
    case .success(let found): entries = found
    case .failure(let fault): throw ZipArchive.damaged(file, fault)
    }
    for (index, entry) in entries.enumerated() {
      guard indices.updateValue(index, forKey: entry.name) == nil else {
        throw ZipArchive.damaged(
          file, Fault(expected: "each member once", found: "\(CheckpointError.quote(entry.name)) twice"))
      }
    }
  }

  subscript(name: String) -> Entry? { indices[name].map { entries[$0] } }

  /// Where the bytes of a member lie in the file as they are stored, deflated or not.
  func range(of entry: Entry) throws(CheckpointError) -> Range<Int> {
    let quoted = CheckpointError.quote(entry.name)
    guard [0, 8].contains(entry.method), !entry.isEncrypted, entry.method != 0 || entry.size == entry.storedSize else {
      throw CheckpointError(
        .unsupported, "read member \(quoted) of", file: file.path, expected: "a member stored or deflated",
        found: entry.isEncrypted ? "an encrypted one" : "compression method \(entry.method)",
        advice: "unpack the archive and store it without compression (zip -0), or save it again with torch.save")
    }
    let start: Int? = file.withBytes(0..<file.size) { bytes in
      var cursor = ByteCursor(bytes, offset: entry.headerOffset)
      guard let header = try? cursor.take(30),
        bytes.loadUnaligned(fromByteOffset: header.lowerBound, as: UInt32.self).littleEndian == 0x0403_4b50
      else { return nil }
      let nameLength = bytes.loadUnaligned(fromByteOffset: header.lowerBound + 26, as: UInt16.self).littleEndian
      let extraLength = bytes.loadUnaligned(fromByteOffset: header.lowerBound + 28, as: UInt16.self).littleEndian
      guard let name = try? cursor.take(Int(nameLength)), cursor.text(name) == entry.name,
        (try? cursor.take(Int(extraLength))) != nil, entry.storedSize <= cursor.remaining
      else { return nil }
      return cursor.offset
    }
    guard let start else {
      throw ZipArchive.damaged(
        file, Fault(expected: "member \(quoted) of \(entry.size) bytes", found: "none at offset \(entry.headerOffset)"))
    }
    return start..<start + entry.storedSize
  }
}

extension ZipArchive {
  private struct Fault: Error {
    var expected: String
    var found: String
  }

  private static func damaged(_ file: MappedFile, _ fault: Fault) -> CheckpointError {
    .damaged(
      "read zip directory of", file: file.path, expected: fault.expected, found: fault.found,
      advice: "the file is cut short or damaged: download or save it again")
  }

  private static func directory(of bytes: UnsafeRawBufferPointer) throws(Fault) -> [Entry] {
    guard let end = endRecord(of: bytes) else {
      throw Fault(expected: "a zip directory at the end", found: "none in \(bytes.count) bytes")
    }
    do throws(ByteCursor.End) {
      var place = ByteCursor(bytes, offset: end + 4)
      let disk = try place.integer(UInt16.self)
      let directoryDisk = try place.integer(UInt16.self)
      _ = try place.integer(UInt16.self)
      var count = Int(try place.integer(UInt16.self))
      var size = Int(try place.integer(UInt32.self))
      var offset = Int(try place.integer(UInt32.self))
      if let wide = try wideEndRecord(of: bytes, before: end) { (count, size, offset) = wide }
      guard disk == 0 || disk == 0xffff, directoryDisk == 0 || directoryDisk == 0xffff else {
        throw ByteCursor.End(offset: end)
      }
      guard offset >= 0, size >= 0, offset <= end, size <= end - offset else { throw ByteCursor.End(offset: offset) }
      var cursor = ByteCursor(UnsafeRawBufferPointer(rebasing: bytes[..<(offset + size)]), offset: offset)
      var entries: [Entry] = []
      while entries.count < count { entries.append(try entry(&cursor)) }
      return entries
    } catch {
      throw Fault(expected: "a whole zip directory", found: "a broken record at offset \(error.offset)")
    }
  }

  /// The offset of the end-of-directory record, searched from the end over the longest possible comment.
  private static func endRecord(of bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count >= 22 else { return nil }
    for offset in stride(from: bytes.count - 22, through: max(0, bytes.count - 22 - 0xffff), by: -1)
    where bytes[offset] == 0x50
      && bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian == 0x0605_4b50
    {
      let comment = bytes.loadUnaligned(fromByteOffset: offset + 20, as: UInt16.self).littleEndian
      if offset + 22 + Int(comment) == bytes.count { return offset }
    }
    return nil
  }

  private static func wideEndRecord(
    of bytes: UnsafeRawBufferPointer, before end: Int
  ) throws(ByteCursor.End) -> (count: Int, size: Int, offset: Int)? {
    guard end >= 20 else { return nil }
    var locator = ByteCursor(bytes, offset: end - 20)
    guard try locator.integer(UInt32.self) == 0x0706_4b50 else { return nil }
    _ = try locator.integer(UInt32.self)
    let place = try locator.wide()
    guard place <= end - 20 else { throw ByteCursor.End(offset: end - 20) }
    var record = ByteCursor(bytes, offset: place)
    guard try record.integer(UInt32.self) == 0x0606_4b50 else { throw ByteCursor.End(offset: place) }
    _ = try record.take(28)
    let count = try record.wide()
    return (count, try record.wide(), try record.wide())
  }

  private static func entry(_ cursor: inout ByteCursor) throws(ByteCursor.End) -> Entry {
    let start = cursor.offset
    guard try cursor.integer(UInt32.self) == 0x0201_4b50 else { throw ByteCursor.End(offset: start) }
    _ = try cursor.take(4)
    let flags = try cursor.integer(UInt16.self)
    let method = try cursor.integer(UInt16.self)
    _ = try cursor.take(4)
    let checksum = try cursor.integer(UInt32.self)
    var storedSize = Int(try cursor.integer(UInt32.self))
    var size = Int(try cursor.integer(UInt32.self))
    let nameLength = Int(try cursor.integer(UInt16.self))
    let extraLength = Int(try cursor.integer(UInt16.self))
    let commentLength = Int(try cursor.integer(UInt16.self))
    _ = try cursor.take(8)
    var headerOffset = Int(try cursor.integer(UInt32.self))
    let nameRange = try cursor.take(nameLength)
    guard let name = cursor.validText(nameRange) else { throw ByteCursor.End(offset: start) }
    let extra = try cursor.take(extraLength)
    _ = try cursor.take(commentLength)

    var fields = ByteCursor(
      UnsafeRawBufferPointer(rebasing: cursor.bytes[..<extra.upperBound]), offset: extra.lowerBound)
    while fields.remaining >= 4 {
      let kind = try fields.integer(UInt16.self)
      let range = try fields.take(Int(try fields.integer(UInt16.self)))
      guard kind == 1 else { continue }
      // The wide values stand there for those that are all ones in the record, in this order.
      var wide = ByteCursor(
        UnsafeRawBufferPointer(rebasing: cursor.bytes[..<range.upperBound]), offset: range.lowerBound)
      if size == 0xffff_ffff { size = try wide.wide() }
      if storedSize == 0xffff_ffff { storedSize = try wide.wide() }
      if headerOffset == 0xffff_ffff { headerOffset = try wide.wide() }
    }
    return Entry(
      name: name, method: method, isEncrypted: flags & 1 != 0, checksum: checksum, storedSize: storedSize, size: size,
      headerOffset: headerOffset)
  }
}
