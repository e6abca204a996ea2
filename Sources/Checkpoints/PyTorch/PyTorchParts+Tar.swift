extension PyTorchParts {
  /// Reads the layout before PyTorch 0.1.10, a tar archive: `storages`, `tensors`, which name storages, and `pickle`, which
  /// names tensors.
  ///
  /// Source: `legacy_load` of torch/serialization.py.
  init(tar file: MappedFile) throws(CheckpointError) {
    let archive = try TarArchive(file)
    func member(_ name: String) throws(CheckpointError) -> Range<Int> {
      if let range = archive.members[name] { return range }
      throw CheckpointError(
        .notRecognised, "read PyTorch file", file: file.path, expected: "a tar archive of torch.save",
        found: "one without \"\(name)\"", advice: "unpack the archive and name a file of weights in it")
    }
    var reader = TarReader(file)
    try reader.readStorages(try member("storages"))
    try reader.readTensors(try member("tensors"))
    var built: [String: PickleArena.ID] = [:]
    let tensors = reader.tensors
    let (arena, root, _) = try Self.unpickle(file, from: try member("pickle")) { pickle in
      for (key, tensor) in tensors {
        pickle.arena.storages.append(tensor.storage)
        pickle.arena.tensors.append(
          PickleArena.Tensor(
            storage: Int32(pickle.arena.storages.count - 1), type: tensor.storage.type, offset: tensor.offset,
            shape: tensor.shape, strides: tensor.strides))
        built[key] = pickle.arena.add(.tensor(Int32(pickle.arena.tensors.count - 1)))
      }
      pickle.allowance = pickle.arena.nodes.count
      pickle.namedObjects = built
    }
    self.init(arena: arena, root: root, data: file, storageRanges: reader.ranges)
  }
}

/// Reads the members `storages` and `tensors` of a tar file.
private struct TarReader {
  let file: MappedFile
  /// Storages by key: what they are and where their bytes lie.
  private(set) var storages: [String: PickleArena.Storage] = [:]
  private(set) var ranges: [String: Range<Int>] = [:]
  /// Tensors by key.
  private(set) var tensors: [String: (storage: PickleArena.Storage, offset: Int, shape: [Int], strides: [Int])] = [:]
  private var position = 0
  private var end = 0

  init(_ file: MappedFile) { self.file = file }

  private func damaged(_ expected: String) -> CheckpointError {
    .damaged("read PyTorch file", file: file.path, expected: expected, found: "other content before byte \(position)")
  }

  /// The next pickle: a number, or a tuple or list of values.
  private mutating func pickle() throws(CheckpointError) -> (arena: PickleArena, root: PickleArena.ID) {
    let (arena, root, after) = try PyTorchParts.unpickle(file, from: position..<end)
    position = after
    return (arena, root)
  }

  private mutating func count() throws(CheckpointError) -> Int {
    let (arena, root) = try pickle()
    guard let count = arena.int(root), count >= 0 else { throw damaged("a number of members") }
    return count
  }

  private mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(CheckpointError) -> T {
    guard MemoryLayout<T>.size <= end - position else { throw damaged("a number") }
    defer { position += MemoryLayout<T>.size }
    return file.withBytes(position..<position + MemoryLayout<T>.size) {
      T(littleEndian: $0.loadUnaligned(as: T.self))
    }
  }

  private static func key(_ arena: PickleArena, _ id: PickleArena.ID) -> String? {
    arena.text(id) ?? arena.int(id).map(String.init)
  }

  /// A number of storages, each a pickle of key, location and type, a number of elements and the bytes; then views.
  mutating func readStorages(_ range: Range<Int>) throws(CheckpointError) {
    (position, end) = (range.lowerBound, range.upperBound)
    for _ in 0..<(try count()) {
      let (arena, root) = try pickle()
      guard let slice = arena.items(root, limit: 3), case let items = Array(slice), items.count == 3,
        let key = Self.key(arena, items[0]), case .storage(let type, let name)? = arena.global(items[2]), let type,
        let width = type.byteCount
      else { throw damaged("key, location and type of a storage") }
      guard let count = Int(exactly: try integer(Int64.self)), count >= 0, count <= (end - position) / width else {
        throw damaged("the bytes of storage \(CheckpointError.quote(key))")
      }
      storages[key] = PickleArena.Storage(type: type, typeName: name, key: key, count: count)
      ranges[key] = position..<position + count * width
      position += count * width
    }
    let (arena, root) = try pickle()
    for view in arena.items(root, limit: file.size) ?? [] {
      guard let slice = arena.items(view, limit: 4), case let items = Array(slice), items.count == 4,
        let key = Self.key(arena, items[0]), let base = Self.key(arena, items[1]).flatMap({ storages[$0] }),
        let offset = arena.int(items[2]), let count = arena.int(items[3]), offset >= 0, count >= 0,
        count <= base.count, offset <= base.count - count
      else { throw damaged("views of storages") }
      var storage = base
      storage.viewOffset = base.viewOffset + offset
      storage.count = count
      storages[key] = storage
    }
  }

  /// A number of tensors, each a pickle of key, storage and type, then its dimensions, sizes, strides and offset.
  mutating func readTensors(_ range: Range<Int>) throws(CheckpointError) {
    (position, end) = (range.lowerBound, range.upperBound)
    for _ in 0..<(try count()) {
      let (arena, root) = try pickle()
      guard let slice = arena.items(root, limit: 3), case let items = Array(slice), items.count == 3,
        let key = Self.key(arena, items[0]), let storage = Self.key(arena, items[1]).flatMap({ storages[$0] })
      else { throw damaged("key, storage and type of a tensor") }
      let rank = Int(try integer(Int32.self))
      _ = try integer(Int32.self)
      guard (0...PickleReader.maximumRank).contains(rank) else { throw damaged("a number of dimensions") }
      var numbers: [Int] = []
      for _ in 0..<2 * rank + 1 { numbers.append(Int(truncatingIfNeeded: try integer(Int64.self))) }
      tensors[key] = (storage, numbers[2 * rank], Array(numbers[..<rank]), Array(numbers[rank..<2 * rank]))
    }
  }
}
