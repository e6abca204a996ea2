import OrderedCollections

/// Arrays that NumPy has saved: one (`.npy`) or several (`.npz`, also compressed), opened read-only.
///
/// Nothing is run: arrays of Python objects, which hold a pickle, are listed in ``others`` and not read. The single array
/// of a `.npy` file is called `tensor`; those of `.npz` have the names that they were given.
public struct NumPyFile: TensorReader {
  /// The path, as it was given.
  public var path: String { file.path }
  /// The size of the file in bytes.
  public var size: Int { file.size }
  /// Whether the file is an archive of arrays.
  public let isArchive: Bool
  /// Arrays that are not read: of strings, objects, records, big-endian numbers.
  public let others: [OtherEntry]

  let file: MappedFile
  /// The arrays, in the order of the file.
  public let table: TensorTable

  /// Opens the file at `path`.
  ///
  /// - Throws: ``CheckpointError`` where it cannot be read or is damaged.
  public init(path: String) throws(CheckpointError) {
    let file = try MappedFile(path: path)
    try self.init(file, archive: file.bytes(0..<min(file.size, 2)) == [0x50, 0x4b] ? ZipArchive(file) : nil)
  }

  init(_ file: MappedFile, archive: ZipArchive?) throws(CheckpointError) {
    var byName: OrderedDictionary<String, TensorInfo> = [:]
    var others: [OtherEntry] = []
    var files = [file]
    func add(_ name: String, _ data: MappedFile, _ range: Range<Int>) throws(CheckpointError) {
      let header = try NumPyHeader(data, range)
      guard let type = header.type else {
        others.append(
          OtherEntry(name: name, what: "an array of \(CheckpointError.quote(header.descr))", isTensor: true))
        return
      }
      let start = range.lowerBound + header.dataStart
      guard let size = type.byteCount(shape: header.shape), size <= range.upperBound - start else {
        throw .damaged(
          "read NumPy array \(CheckpointError.quote(name)) of", file: file.path,
          expected: "the elements of shape \(header.shape)", found: "\(range.upperBound - start) bytes")
      }
      let info = TensorInfo(
        name: name, type: type, shape: header.shape, strides: header.strides, fileIndex: data === file ? 0 : 1,
        byteRange: start..<start + size)
      guard byName.updateValue(info, forKey: name) == nil else {
        throw .damaged(
          "read NumPy archive", file: file.path, expected: "each name once",
          found: "\(CheckpointError.quote(name)) twice")
      }
    }
    if let archive {
      let unpacked = try archive.unpacked(archive.entries)
      if unpacked.file !== file { files.append(unpacked.file) }
      for (entry, range) in zip(archive.entries, unpacked.ranges) {
        try add(entry.name.hasSuffix(".npy") ? String(entry.name.dropLast(4)) : entry.name, unpacked.file, range)
      }
    } else {
      try add("tensor", file, 0..<file.size)
    }
    self.file = file
    table = TensorTable(byName, in: files, path: file.path)
    self.others = others
    isArchive = archive != nil
  }

  /// Whether a zip archive is one of NumPy's.
  static func isArchive(_ archive: ZipArchive) -> Bool {
    !archive.entries.isEmpty && archive.entries.allSatisfy { $0.name.hasSuffix(".npy") }
  }
}
