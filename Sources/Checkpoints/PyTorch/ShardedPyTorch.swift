import OrderedCollections

/// A PyTorch checkpoint spread over several files with an index, `pytorch_model.bin.index.json` (Hugging Face's layout).
///
/// As with ``ShardedSafetensors``, index and shards must agree.
public struct ShardedPyTorch: TensorReader {
  /// The path of the index, as it was given or found.
  public let indexPath: String
  /// The shards, in the order of their names.
  public let shards: [PyTorchFile]
  /// The text members of the index's own `metadata`.
  public let indexMetadata: CheckpointMetadata
  /// What the shards hold beside tensors.
  public let others: [OtherEntry]

  /// The tensors: shard after shard, each in its order.
  public let table: TensorTable

  /// The endings of shards.
  static let endings = [".bin", ".pt", ".pth"]

  /// Opens the index at `path` and the shards beside it.
  ///
  /// - Throws: ``CheckpointError`` where a file is absent, unreadable or damaged, or index and shards disagree.
  public init(indexPath path: String) throws(CheckpointError) {
    let index = try ShardIndex.read(path: path, endings: Self.endings)
    let directory = System.directory(of: path)
    var shards: [PyTorchFile] = []
    for name in index.shards {
      shards.append(try PyTorchFile(path: directory == "." ? name : "\(directory)/\(name)"))
    }
    let others = shards.flatMap(\.others)
    let listed = Set(others.lazy.filter(\.isTensor).map(\.name))
    table = try TensorTable(shards: shards.map(\.table), of: index, path: path, isListed: listed.contains)
    indexPath = path
    self.shards = shards
    self.others = others
    indexMetadata = index.metadata
  }
}
