import OrderedCollections

/// A PyTorch checkpoint spread over several files with an index, `pytorch_model.bin.index.json` (Hugging Face's layout).
///
/// As with ``ShardedSafetensors``, index and shards must agree.
public struct ShardedPyTorch: Sendable {
  /// The path of the index, as it was given or found.
  public let indexPath: String
  /// The shards, in the order of their names.
  public let shards: [PyTorchFile]
  /// The text members of the index's own `metadata`.
  public let indexMetadata: CheckpointMetadata
  /// What the shards hold beside tensors.
  public let others: [OtherEntry]

  private let byName: OrderedDictionary<String, TensorInfo>
  private let shardOf: [String: Int]

  /// The endings of shards.
  static let endings = [".bin", ".pt", ".pth"]

  /// Opens the index at `path` and the shards beside it.
  ///
  /// - Throws: ``CheckpointError`` where a file is absent, unreadable or damaged, or index and shards disagree.
  public init(indexPath path: String) throws(CheckpointError) {
    let index = try ShardIndex.read(path: path, endings: Self.endings)
    let directory = System.directory(of: path)
    let names = index.shards
    var shards: [PyTorchFile] = []
    for name in names { shards.append(try PyTorchFile(path: directory == "." ? name : "\(directory)/\(name)")) }
    var byName: OrderedDictionary<String, TensorInfo> = [:]
    var shardOf: [String: Int] = [:]
    var unpacked = shards.count
    for (number, shard) in shards.enumerated() {
      for var tensor in shard.tensors {
        // Behind the shards themselves come the files that some of them were unpacked into.
        tensor.fileIndex = tensor.fileIndex == 0 ? number : unpacked
        if byName.updateValue(tensor, forKey: tensor.name) != nil {
          throw ShardedSafetensors.disagreement(
            path, "tensor \(CheckpointError.quote(tensor.name)) in one shard",
            "it in \(names[shardOf[tensor.name] ?? 0]) and \(names[number])")
        }
        shardOf[tensor.name] = number
      }
      unpacked += shard.mappedFiles.count - 1
    }
    for (name, shard) in index.weightMap where shardOf[name].map({ names[$0] }) != shard {
      let isListed = shards.contains { $0.others.contains { $0.name == name && $0.isTensor } }
      guard !isListed else { continue }
      throw ShardedSafetensors.disagreement(
        path, "tensor \(CheckpointError.quote(name)) in \(shard)",
        shardOf[name].map { "it in \(names[$0])" } ?? "no such tensor")
    }
    indexPath = path
    self.shards = shards
    self.byName = byName
    self.shardOf = shardOf
    indexMetadata = index.metadata
    others = shards.flatMap(\.others)
  }

  /// The tensors: shard after shard, each in its order.
  public var tensors: [TensorInfo] { byName.values.elements }

  /// The tensor called `name`, or nil. O(1).
  public subscript(name: String) -> TensorInfo? { byName[name] }

  var mappedFiles: [MappedFile] { shards.map(\.file) + shards.flatMap { $0.mappedFiles.dropFirst() } }

  /// Hands out the bytes of the tensor called `name`, as ``PyTorchFile/withBytes(of:_:)`` does.
  public func withBytes<Result>(
    of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    try shard(of: name).withBytes(of: name, body)
  }

  /// Copies part of a tensor into `buffer`, as ``PyTorchFile/read(_:at:into:)`` does.
  public func read(
    _ name: String, at offset: Int = 0, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    try shard(of: name).read(name, at: offset, into: buffer)
  }

  private func shard(of name: String) throws(CheckpointError) -> PyTorchFile {
    guard let number = shardOf[name] else { throw .noTensor(name, in: indexPath, names: byName.keys) }
    return shards[number]
  }
}
