import OrderedCollections

/// A safetensors checkpoint spread over several files with an index (Hugging Face's layout), all memory-mapped.
///
/// Every shard's header is checked on opening, and that index and shards agree: a tensor that the index promises and no
/// shard holds, or that two shards hold, is an error.
public struct ShardedSafetensors: Sendable {
  /// The path of the index, as it was given or found.
  public let indexPath: String
  /// The shards, in the order of their names.
  public let shards: [SafetensorsFile]
  /// The text of `__metadata__`: of the first shard, and what further shards add to it.
  public let metadata: CheckpointMetadata
  /// The text members of the index's own `metadata`.
  public let indexMetadata: CheckpointMetadata

  /// Tensors that a shard holds and the index does not name: other readers do not find them.
  public let unindexed: [String]

  private let byName: OrderedDictionary<String, TensorInfo>

  /// Opens the index at `path` and the shards beside it.
  ///
  /// - Throws: ``CheckpointError`` where a file is absent, unreadable or damaged, or index and shards disagree.
  public init(indexPath path: String) throws(CheckpointError) {
    let index = try ShardIndex.read(path: path)
    let directory = System.directory(of: path)
    var shards: [SafetensorsFile] = []
    var byName: OrderedDictionary<String, TensorInfo> = [:]
    var metadata: CheckpointMetadata = [:]
    for (number, name) in index.shards.enumerated() {
      let shard = try SafetensorsFile(path: directory == "." ? name : "\(directory)/\(name)")
      metadata.merge(shard.metadata) { first, _ in first }
      for var tensor in shard.tensors {
        tensor.fileIndex = number
        if let other = byName.updateValue(tensor, forKey: tensor.name) {
          throw ShardedSafetensors.disagreement(
            path, "tensor \(CheckpointError.quote(tensor.name)) in one shard",
            "it in \(index.shards[other.fileIndex]) and \(name)")
        }
      }
      shards.append(shard)
    }
    for (name, shard) in index.weightMap where byName[name].map({ index.shards[$0.fileIndex] }) != shard {
      throw ShardedSafetensors.disagreement(
        path, "tensor \(CheckpointError.quote(name)) in \(shard)",
        byName[name].map { "it in \(index.shards[$0.fileIndex])" } ?? "no such tensor")
    }
    unindexed = byName.keys.filter { index.weightMap[$0] == nil }
    self.indexPath = path
    self.shards = shards
    self.byName = byName
    self.metadata = metadata
    indexMetadata = index.metadata
  }

  static func disagreement(_ path: String, _ expected: String, _ found: String) -> CheckpointError {
    .damaged(
      "match shards with index", file: path, expected: expected, found: found,
      advice: "index and shards come from different versions: download or save all of them again")
  }

  /// The tensors: shard after shard, each in the order of its header; `fileIndex` counts ``shards``.
  public var tensors: [TensorInfo] { byName.values.elements }

  /// The tensor called `name`, or nil. O(1).
  public subscript(name: String) -> TensorInfo? { byName[name] }

  /// Hands out the bytes of the tensor called `name`, as ``SafetensorsFile/withBytes(of:_:)`` does.
  public func withBytes<Result>(
    of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    try shard(of: name).withBytes(of: name, body)
  }

  /// Copies part of a tensor into `buffer`, as ``SafetensorsFile/read(_:at:into:)`` does.
  public func read(
    _ name: String, at offset: Int = 0, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    try shard(of: name).read(name, at: offset, into: buffer)
  }

  private func shard(of name: String) throws(CheckpointError) -> SafetensorsFile {
    guard let tensor = byName[name] else { throw .noTensor(name, in: indexPath, names: byName.keys) }
    return shards[tensor.fileIndex]
  }
}
