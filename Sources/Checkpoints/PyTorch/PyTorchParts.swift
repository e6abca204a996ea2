import OrderedCollections

/// What both layouts of PyTorch files come down to: what the pickle built, and where each storage's bytes lie.
struct PyTorchParts {
  var arena: PickleArena
  var root: PickleArena.ID
  var metadata: CheckpointMetadata = [:]
  /// The file that the bytes of storages lie in: the one that was opened, or what was unpacked out of it.
  private(set) var data: MappedFile
  private var storageRanges: [String: Range<Int>] = [:]

  /// Reads a zip archive: `NAME/data.pkl`, and storages as `NAME/data/KEY`.
  init(zip file: MappedFile) throws(CheckpointError) {
    let archive = try ZipArchive(file)
    let prefix = try Self.prefix(of: archive)
    data = file
    if let entry = archive["\(prefix)/byteorder"] {
      let order = String(decoding: try archive.contents(of: entry, limit: 16), as: UTF8.self)
      guard order == "little" else {
        throw CheckpointError(
          .unsupported, "read PyTorch file", file: file.path, expected: "little-endian bytes",
          found: CheckpointError.quote(order), advice: "save the file again on a little-endian machine")
      }
    }
    guard let entry = archive["\(prefix)/data.pkl"] else { throw Self.noArchive(archive) }
    if entry.method == 0 {
      let pickle = try archive.range(of: entry)
      try Self.checkChecksum(of: archive, prefix: prefix, pickle: pickle)
      (arena, root, _) = try Self.unpickle(file, from: pickle)
    } else {
      let bytes = try archive.contents(of: entry, limit: PickleReader.maximumLength)
      (arena, root, _) = try Self.unpickle(MappedFile(bytes: bytes, name: file.path), from: 0..<bytes.count)
    }
    let scripted = Set(arena.objects.map(\.className).filter { $0.hasPrefix("__torch__.") })
    if !scripted.isEmpty {
      arena.scripted = try TorchScriptCode.attributes(of: scripted, in: archive, prefix: prefix)
    }
    let members = Set(arena.storages.map(\.key)).sorted().compactMap { archive["\(prefix)/data/\($0)"] }
    let unpacked = try archive.unpacked(members)
    data = unpacked.file
    for (member, range) in zip(members, unpacked.ranges) {
      storageRanges[String(member.name.dropFirst(prefix.count + "/data/".count))] = range
    }
    if let entry = archive["\(prefix)/\(PyTorchWriter.metadataMember)"] {
      metadata = PyTorchWriter.metadata(try archive.contents(of: entry, limit: 1 << 24))
    }
  }

  /// Reads the legacy layout: pickles of a magic number, a version and system facts; the value; the keys of storages;
  /// then for each key its number of elements (64 bits) and its bytes.
  init(legacy file: MappedFile) throws(CheckpointError) {
    guard Self.hasLegacyMagic(file) else {
      throw CheckpointError(
        .notRecognised, "read PyTorch file", file: file.path,
        expected: "a zip archive or PyTorch's legacy magic number",
        found: "neither", advice: "save the file with torch.save(model.state_dict(), \"model.pt\")")
    }
    data = file
    var position = 0
    for _ in 0..<2 { (_, _, position) = try Self.unpickle(file, from: position..<file.size) }
    let (facts, factsRoot, end) = try Self.unpickle(file, from: position..<file.size)
    if let order = facts.member("little_endian", of: factsRoot), case .bool(false) = facts[order] {
      throw CheckpointError(
        .unsupported, "read PyTorch file", file: file.path, expected: "little-endian bytes", found: "big-endian ones",
        advice: "save the file again on a little-endian machine")
    }
    (arena, root, position) = try Self.unpickle(file, from: end..<file.size)
    let (keys, keysRoot, dataStart) = try Self.unpickle(file, from: position..<file.size)
    position = dataStart

    var widths: [String: Int] = [:]
    for storage in arena.storages { widths[storage.key] = storage.type?.byteCount ?? 1 }
    for item in keys.items(keysRoot, limit: file.size) ?? [] {
      guard let key = keys.text(item) ?? keys.int(item).map(String.init) else { continue }
      let start = position
      let range: Range<Int>? = file.withBytes(0..<file.size) { bytes in
        var cursor = ByteCursor(bytes, offset: start)
        guard let count = try? cursor.wide() else { return nil }
        let (size, overflow) = count.multipliedReportingOverflow(by: widths[key] ?? 1)
        return overflow ? nil : try? cursor.take(size)
      }
      guard let range else {
        throw .damaged(
          "read PyTorch file", file: file.path, expected: "storage \(CheckpointError.quote(key)) at byte \(start)",
          found: "\(file.size - start) bytes up to the end, too few for it",
          advice: "the file is cut short or damaged: download or save it again")
      }
      storageRanges[key] = range
      position = range.upperBound
    }
  }

  /// Puts together what a reader of another layout has found.
  init(arena: PickleArena, root: PickleArena.ID, data: MappedFile, storageRanges: [String: Range<Int>]) {
    self.arena = arena
    self.root = root
    self.data = data
    self.storageRanges = storageRanges
  }

  /// Whether the file begins with the pickled magic number 0x1950a86a20f9469cfc6c.
  static func hasLegacyMagic(_ file: MappedFile) -> Bool {
    let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
    let head = file.bytes(0..<min(file.size, 32))
    guard head.count == 32, head[0] == 0x80 else { return false }
    return (2...22).contains { head[$0..<$0 + 10].elementsEqual(magic) }
  }

  /// Runs the pickle at the beginning of a range.
  ///
  /// - Parameter prepare: puts into the reader what persistent ids mean.
  static func unpickle(
    _ file: MappedFile, from range: Range<Int>, prepare: (inout PickleReader) -> Void = { _ in }
  ) throws(CheckpointError) -> (arena: PickleArena, root: PickleArena.ID, end: Int) {
    let result: Result<(PickleArena, PickleArena.ID, Int), PickleReader.Fault> = file.withBytes(0..<file.size) {
      let part = UnsafeRawBufferPointer(rebasing: $0[..<range.upperBound])
      var reader = PickleReader(ByteCursor(part, offset: range.lowerBound))
      prepare(&reader)
      do throws(PickleReader.Fault) {
        let root = try reader.run()
        return .success((reader.arena, root, reader.cursor.offset))
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let value): return value
    case .failure(let fault): throw CheckpointError(fault, file: file.path)
    }
  }
}

extension PyTorchParts {
  /// The directory within the archive that holds `data.pkl`; refuses archives that are none of torch.save's.
  static func prefix(of archive: ZipArchive) throws(CheckpointError) -> String {
    let pickles = archive.entries.map(\.name).filter { $0.hasSuffix("/data.pkl") && $0.filter { $0 == "/" }.count == 1 }
    guard pickles.count == 1, let name = pickles.first else { throw noArchive(archive) }
    let prefix = String(name.dropLast("/data.pkl".count))
    return prefix
  }

  private static func noArchive(_ archive: ZipArchive) -> CheckpointError {
    let pickles = archive.entries.filter { $0.name.hasSuffix("/data.pkl") }.count
    return CheckpointError(
      .notRecognised, "read PyTorch file", file: archive.file.path, expected: "a zip archive of torch.save",
      found: "one with \(archive.entries.count) members and \(pickles) of them NAME/data.pkl",
      advice: "name a file written by torch.save, or by safetensors")
  }

  /// Compares the pickle with its checksum, unless the archive was written without checksums
  /// (`torch.serialization.set_crc32_options(False)`), which shows in the small member `version`.
  private static func checkChecksum(
    of archive: ZipArchive, prefix: String, pickle: Range<Int>
  ) throws(CheckpointError) {
    guard let entry = archive["\(prefix)/data.pkl"], let small = archive["\(prefix)/version"], small.size <= 64 else {
      return
    }
    let file = archive.file
    guard small.method == 0, CRC32.checksum(file.bytes(try archive.range(of: small))) == small.checksum else { return }
    let checksum = file.withBytes(pickle) { CRC32.checksum($0) }
    guard checksum == entry.checksum else {
      throw .damaged(
        "read PyTorch file", file: file.path, expected: "a pickle with checksum \(String(entry.checksum, radix: 16))",
        found: String(checksum, radix: 16))
    }
  }

  /// Checks a tensor against its storage's bytes and says where it lies.
  func resolve(
    _ tensor: PickleArena.Tensor, name: String, fileIndex: Int
  ) throws(PickleReader.Fault) -> TensorInfo {
    let quoted = CheckpointError.quote(name)
    let storage = arena.storages[Int(tensor.storage)]
    guard let type = tensor.type, let width = type.byteCount else {
      throw .damaged("an element type for \(quoted)", "none")
    }
    guard let range = storageRanges[storage.key] else {
      throw .damaged("storage \(CheckpointError.quote(storage.key)) of tensor \(quoted)", "none of that key")
    }
    let storageWidth = storage.type?.byteCount ?? 1
    guard storage.count <= range.count / storageWidth, storage.viewOffset <= range.count / storageWidth - storage.count
    else {
      throw .damaged("\(storage.count) elements of tensor \(quoted)'s storage", "\(range.count) bytes")
    }
    guard tensor.shape.count == tensor.strides.count, tensor.shape.allSatisfy({ $0 >= 0 }),
      tensor.strides.allSatisfy({ $0 >= 0 }), tensor.offset >= 0
    else {
      throw .damaged(
        "shape, strides and offset of 0 or more for \(quoted)",
        "\(tensor.shape), \(tensor.strides) and \(tensor.offset)")
    }
    guard let size = type.byteCount(shape: tensor.shape), size <= max(data.size, 1 << 16) else {
      throw PickleReader.Fault(
        kind: .limitExceeded, expected: "a tensor no larger than the file", found: "shape \(tensor.shape) of \(quoted)",
        advice: "in Python, save an expanded tensor as it is: tensor[:1].clone()")
    }
    let available = storage.count * storageWidth / width
    let start = range.lowerBound + storage.viewOffset * storageWidth
    guard size > 0 else {
      return TensorInfo(name: name, type: type, shape: tensor.shape, fileIndex: fileIndex, byteRange: start..<start)
    }
    guard let span = Self.span(tensor), tensor.offset <= available, span <= available - tensor.offset else {
      throw .damaged(
        "tensor \(quoted) within the \(available) elements of its storage",
        "shape \(tensor.shape), strides \(tensor.strides), offset \(tensor.offset)")
    }
    let first = start + tensor.offset * width
    // The stride of a dimension of 1 is never taken and can be any number in a file.
    let strides = zip(tensor.shape, tensor.strides).map { $0 == 1 ? 1 : $1 }
    return TensorInfo(
      name: name, type: type, shape: tensor.shape, strides: Self.isContiguous(tensor) ? nil : strides,
      fileIndex: fileIndex, byteRange: first..<first + span * width)
  }

  /// The elements from the first to the last that a tensor without empty dimensions touches; nil beyond `Int`.
  private static func span(_ tensor: PickleArena.Tensor) -> Int? {
    var last = 0
    for (size, stride) in zip(tensor.shape, tensor.strides) {
      let (reach, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, carry) = last.addingReportingOverflow(reach)
      guard !overflow, !carry, sum < Int.max else { return nil }
      last = sum
    }
    return last + 1
  }

  /// Whether the strides are those of row-major order; the stride of a dimension of 1 says nothing.
  private static func isContiguous(_ tensor: PickleArena.Tensor) -> Bool {
    var expected = 1
    for (size, stride) in zip(tensor.shape, tensor.strides).reversed() where size != 1 {
      guard stride == expected else { return false }
      expected *= size
    }
    return true
  }
}
