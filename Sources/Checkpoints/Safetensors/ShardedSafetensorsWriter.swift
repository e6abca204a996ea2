import OrderedCollections

/// Writes a safetensors checkpoint as several files with an index, in Hugging Face's layout.
///
/// The shards are finished first; writing the index in one step is the moment at which the new checkpoint takes the
/// place of an earlier one. Where the directory already holds a shard of the same name, the new one gets a name of its
/// own (`model-2f9c1a-00001-of-00005.safetensors`), and the earlier one goes after the index has changed: at every
/// moment the index names a whole checkpoint, the earlier or the new one.
public final class ShardedSafetensorsWriter: CopyingWriter {
  /// The path of the index.
  public let path: String
  /// The file names of the shards, in order.
  public let shardNames: [String]

  private let directory: String
  private let writers: [SafetensorsWriter]
  private let shardOf: [String: Int]
  private let index: ShardIndex
  private let obsolete: ObsoleteShards
  private let progress: WritingProgress?
  private let createdDirectory: Bool
  private var finished = false

  /// The bytes of tensors written so far.
  public var bytesWritten: Int { writers.reduce(0) { $0 + $1.bytesWritten } }
  /// The bytes of tensors that the finished checkpoint holds.
  public let bytesTotal: Int

  /// Begins a checkpoint.
  ///
  /// - Parameters:
  ///   - path: a directory (made where absent; its parent must exist), or the path of the index in it, ending in
  ///     `.safetensors.index.json`.
  ///   - shards: the tensors of each shard. ``split(_:limit:)`` and ``split(_:like:)`` make these.
  ///   - metadata: text for the `__metadata__` of every shard.
  ///   - indexMetadata: text for the `metadata` of the index, beside its `total_size`.
  ///   - replacing: whether an existing index may be replaced; its shards go with it.
  ///   - progress: called after each block; may throw to stop.
  /// - Throws: ``CheckpointError`` as ``SafetensorsWriter`` does.
  public init(
    path: String, shards: [[TensorSpec]], metadata: CheckpointMetadata = [:], indexMetadata: CheckpointMetadata = [:],
    replacing: Bool = true, progress: WritingProgress? = nil
  ) throws(CheckpointError) {
    self.path = ShardIndex.path(for: path)
    directory = System.directory(of: self.path)
    self.progress = progress
    try ShardedSafetensorsWriter.checkNames(shards, file: self.path)
    if !replacing && System.exists(self.path) { throw AtomicFile.exists(self.path) }
    createdDirectory = try System.makeDirectory(directory)
    obsolete = ObsoleteShards(index: self.path)
    let stem = String(System.lastComponent(self.path).dropLast(ShardIndex.suffix.count))
    obsolete.sweep()
    AtomicFile.removeStale(in: directory, prefix: ".\(stem)-")

    shardNames = ShardedSafetensorsWriter.names(stem, count: shards.count, in: directory)
    var index = ShardIndex(metadata: indexMetadata)
    var shardOf: [String: Int] = [:]
    for (number, tensor) in shards.enumerated().flatMap({ number, tensors in tensors.map { (number, $0) } }) {
      index.weightMap[tensor.name] = shardNames[number]
      shardOf[tensor.name] = number
    }
    var writers: [SafetensorsWriter] = []
    do throws(CheckpointError) {
      for (name, tensors) in zip(shardNames, shards) {
        writers.append(
          try SafetensorsWriter(path: "\(directory)/\(name)", tensors: tensors, metadata: metadata, replacing: false))
      }
      try AtomicFile.checkSpace(writers.reduce(0) { $0 + $1.size }, in: directory, for: self.path)
    } catch {
      for writer in writers { writer.cancel() }
      if createdDirectory { System.removeDirectory(directory) }
      throw error
    }
    self.writers = writers
    self.index = index
    self.shardOf = shardOf
    bytesTotal = writers.reduce(0) { $0 + $1.bytesTotal }
  }

  deinit { if !finished { cancel() } }

  /// Appends a block to the tensor called `name`; see ``TensorStoreWriter/append(_:to:)``.
  public func append(_ block: UnsafeRawBufferPointer, to name: String) throws {
    try shard(of: name).append(block, to: name)
    try progress?(bytesWritten, bytesTotal)
  }

  package func append(_ part: FilePart, to name: String) throws {
    try shard(of: name).append(part, to: name)
    try progress?(bytesWritten, bytesTotal)
  }

  private func shard(of name: String) throws(CheckpointError) -> SafetensorsWriter {
    guard let shard = shardOf[name] else { throw .noTensor(name, in: path, names: index.weightMap.keys) }
    return writers[shard]
  }

  /// Writes other metadata of the same length into every shard; see ``TensorStoreWriter/replaceMetadata(_:)``.
  public func replaceMetadata(_ values: CheckpointMetadata) throws(CheckpointError) {
    for writer in writers { try writer.replaceMetadata(values) }
  }

  /// Puts shards and index in place; see ``TensorStoreWriter/finish()``.
  public func finish() throws {
    for writer in writers { try writer.checkComplete() }
    let text = [UInt8](index.text(totalSize: bytesTotal).utf8)
    // The index stays beside the shards that it names, whatever stood there before.
    let file = try AtomicFile(target: path, size: text.count, followingLinks: false)
    try file.write(text, at: 0)
    try obsolete.whileReplacing(with: shardNames) {
      for writer in writers { try writer.finish() }
      try file.commit()
      finished = true
    }
  }

  /// Deletes what was written; an earlier checkpoint stays as it was.
  public func cancel() {
    guard !finished else { return }
    for writer in writers { writer.cancel() }
    obsolete.sweep()
    if createdDirectory { System.removeDirectory(directory) }
  }

  private static func checkNames(_ shards: [[TensorSpec]], file: String) throws(CheckpointError) {
    var seen = Set<String>()
    for tensor in shards.joined() where !seen.insert(tensor.name).inserted {
      throw CheckpointError(
        .invalidArgument, "lay out shards of", file: file, expected: "each tensor name once",
        found: "\(CheckpointError.quote(tensor.name)) twice", advice: "rename one of the tensors")
    }
  }

  /// Names as Hugging Face gives them; with a tag in between where one of those is taken.
  private static func names(_ stem: String, count: Int, in directory: String) -> [String] {
    func digits(_ number: Int) -> String { String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)" }
    func names(_ stem: String) -> [String] {
      (1...max(count, 1)).prefix(count).map { "\(stem)-\(digits($0))-of-\(digits(count)).safetensors" }
    }
    var result = names(stem)
    while result.contains(where: { System.exists("\(directory)/\($0)") }) {
      result = names("\(stem)-\(String(UInt32.random(in: .min ... .max), radix: 16))")
    }
    return result
  }
}

extension ShardedSafetensorsWriter {
  /// Begins a checkpoint of shards, or of one file where there is one shard and the target is a directory without an
  /// index.
  static func writer(
    path: String, shards: [[TensorSpec]], metadata: CheckpointMetadata, indexMetadata: CheckpointMetadata,
    replacing: Bool, progress: WritingProgress? = nil
  ) throws(CheckpointError) -> any TensorStoreWriter {
    if shards.count == 1, let sole = ShardIndex.soleFile(for: path), !System.exists(ShardIndex.path(for: path)) {
      return try SafetensorsWriter(
        path: sole, tensors: shards[0], metadata: metadata, replacing: replacing, makingDirectory: true,
        progress: progress)
    }
    return try ShardedSafetensorsWriter(
      path: path, shards: shards, metadata: metadata, indexMetadata: indexMetadata, replacing: replacing,
      progress: progress)
  }

  /// Fills shards one after the other, each up to `limit` bytes; a larger tensor gets a shard of its own.
  public static func split(_ tensors: [TensorSpec], limit: Int = 5_000_000_000) -> [[TensorSpec]] {
    var shards: [[TensorSpec]] = []
    var size = 0
    for tensor in tensors {
      let bytes = tensor.type.byteCount(shape: tensor.shape) ?? 0
      if shards.isEmpty || (size > limit - min(bytes, limit) && !shards[shards.count - 1].isEmpty) {
        shards.append([])
        size = 0
      }
      shards[shards.count - 1].append(tensor)
      size += bytes
    }
    return shards
  }

  /// Keeps each tensor in the shard where it was: `fileIndex` numbers the shards.
  ///
  /// A new name goes where its module has its largest tensor (`fc.weight_mask` to `fc.weight`), else to the last shard.
  public static func split(_ tensors: [TensorSpec], like infos: [TensorInfo]) -> [[TensorSpec]] {
    let shardOf = Dictionary(infos.map { ($0.name, $0.fileIndex) }) { first, _ in first }
    let largest = Dictionary(infos.map { (module($0.name), $0) }) { $0.byteCount < $1.byteCount ? $1 : $0 }
    var shards: [[TensorSpec]] = Array(repeating: [], count: (infos.map(\.fileIndex).max() ?? 0) + 1)
    for tensor in tensors {
      shards[shardOf[tensor.name] ?? largest[module(tensor.name)]?.fileIndex ?? shards.count - 1].append(tensor)
    }
    return shards.filter { !$0.isEmpty }
  }

  private static func module(_ name: String) -> Substring {
    name.lastIndex(of: ".").map { name[..<$0] } ?? ""
  }
}
