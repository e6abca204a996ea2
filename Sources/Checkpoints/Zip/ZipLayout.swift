import OrderedCollections

/// The places of members in a zip archive whose sizes are known before a byte is written: stored, zip64, each member's
/// bytes aligned to 64 as `torch.save` aligns them.
///
/// Source: PKWARE's APPNOTE.TXT, sections 4.3 to 4.5; the padding field "FB" of PyTorch's caffe2/serialize/inline_container.cc.
struct ZipLayout {
  struct Member {
    var name: String
    var size: Int
    var headerOffset = 0
    var dataOffset = 0
    var checksum: UInt32 = 0
  }

  private(set) var members: [Member] = []
  /// Where the directory begins: the end of the last member.
  private(set) var directoryOffset = 0

  static let alignment = 64

  /// Appends a member; false where the archive would leave `Int`.
  mutating func add(_ name: String, size: Int) -> Bool {
    var member = Member(name: name, size: size, headerOffset: directoryOffset)
    // Fixed part, name, zip64 sizes, and a padding field of at least its own 4 bytes.
    let least = member.headerOffset + 30 + name.utf8.count + 20 + 4
    member.dataOffset = (least + Self.alignment - 1) / Self.alignment * Self.alignment
    let (end, overflow) = member.dataOffset.addingReportingOverflow(size)
    guard !overflow, end < Int.max / 2 else { return false }
    directoryOffset = end
    members.append(member)
    return true
  }

  mutating func setChecksum(_ checksum: UInt32, of index: Int) { members[index].checksum = checksum }

  /// Writes other metadata in place of a member's, of an archive under way.
  ///
  /// - Throws: `CheckpointError` where it has another length; none is as good as no such member.
  mutating func replace(_ name: String, with metadata: CheckpointMetadata, in file: AtomicFile) throws(CheckpointError)
  {
    let bytes = metadata.isEmpty ? [] : PyTorchWriter.text(of: metadata)
    let index = members.firstIndex { $0.name == name }
    let size = index.map { members[$0].size } ?? 0
    guard size == bytes.count else { throw .otherMetadata(file.target, expected: size, found: bytes.count) }
    guard let index else { return }
    try file.write(bytes, at: members[index].dataOffset)
    setChecksum(CRC32.checksum(bytes), of: index)
  }

  /// The local header of a member, up to its bytes.
  func header(_ index: Int) -> [UInt8] {
    let member = members[index]
    var bytes = LittleEndianBytes()
    bytes.add(UInt32(0x0403_4b50))
    common(member, &bytes)
    bytes.add(UInt16(member.name.utf8.count))
    bytes.add(UInt16(member.dataOffset - member.headerOffset - 30 - member.name.utf8.count))
    bytes.add(text: member.name)
    bytes.add(UInt16(1))
    bytes.add(UInt16(16))
    bytes.add(UInt64(member.size))
    bytes.add(UInt64(member.size))
    let padding = member.dataOffset - member.headerOffset - bytes.bytes.count - 4
    bytes.add(text: "FB")
    bytes.add(UInt16(padding))
    return bytes.bytes + [UInt8](repeating: UInt8(ascii: "Z"), count: padding)
  }

  /// The directory and its end records.
  func directory() -> [UInt8] {
    var bytes = LittleEndianBytes()
    for member in members {
      bytes.add(UInt32(0x0201_4b50))
      bytes.add(UInt16(45))  // made by version 4.5
      common(member, &bytes)
      bytes.add(UInt16(member.name.utf8.count))
      bytes.add(UInt16(28))
      bytes.add(UInt16(0))  // comment
      bytes.add(UInt16(0))  // disk
      bytes.add(UInt16(0))  // internal attributes
      bytes.add(UInt32(0))  // external attributes
      bytes.add(UInt32.max)  // offset: in the extra field
      bytes.add(text: member.name)
      bytes.add(UInt16(1))
      bytes.add(UInt16(24))
      bytes.add(UInt64(member.size))
      bytes.add(UInt64(member.size))
      bytes.add(UInt64(member.headerOffset))
    }
    let size = bytes.bytes.count
    let end = directoryOffset + size
    bytes.add(UInt32(0x0606_4b50))
    bytes.add(UInt64(44))
    bytes.add(UInt16(45))
    bytes.add(UInt16(45))
    bytes.add(UInt32(0))
    bytes.add(UInt32(0))
    bytes.add(UInt64(members.count))
    bytes.add(UInt64(members.count))
    bytes.add(UInt64(size))
    bytes.add(UInt64(directoryOffset))
    bytes.add(UInt32(0x0706_4b50))
    bytes.add(UInt32(0))
    bytes.add(UInt64(end))
    bytes.add(UInt32(1))
    bytes.add(UInt32(0x0605_4b50))
    bytes.add(UInt16(0))
    bytes.add(UInt16(0))
    bytes.add(UInt16(clamping: members.count))
    bytes.add(UInt16(clamping: members.count))
    bytes.add(UInt32(clamping: size))
    bytes.add(UInt32(clamping: directoryOffset))
    bytes.add(UInt16(0))
    return bytes.bytes
  }

  /// What local header and directory share: version, flags, method, time, checksum and the two sizes.
  private func common(_ member: Member, _ bytes: inout LittleEndianBytes) {
    bytes.add(UInt16(45))  // needed to read: 4.5, for zip64
    bytes.add(UInt16(0x0800))  // names are UTF-8
    bytes.add(UInt16(0))  // stored
    bytes.add(UInt16(0))  // no time
    bytes.add(UInt16(0x0021))  // 1 January 1980
    bytes.add(member.checksum)
    bytes.add(UInt32.max)  // sizes: in the extra field
    bytes.add(UInt32.max)
  }
}

/// Bytes being put together, numbers little-endian.
struct LittleEndianBytes {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func add(text: String) { bytes.append(contentsOf: text.utf8) }
}
