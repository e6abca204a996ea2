import OrderedCollections

/// A safetensors checkpoint spread over several files with an index (Hugging Face's layout), all memory-mapped.
///
/// Every shard's header is checked on opening, and that index and shards agree: a tensor that the index promises and no
/// shard holds, or that two shards hold, is an error.
public struct ShardedSafetensors: TensorReader {
  /// The path of the index, as it was given or found.
  public let indexPath: String
  /// The shards, in the order of their names.
  public let shards: [SafetensorsFile]
  /// The text of `__metadata__`: of the first shard, and what further shards add to it.
  public let metadata: CheckpointMetadata
  /// The text members of the index's own `metadata`.
  public let indexMetadata: CheckpointMetadata

  /// The tensors: shard after shard, each in the order of its header; `fileIndex` counts ``shards``.
  public let table: TensorTable

  /// Opens the index at `path` and the shards beside it.
  ///
  /// - Throws: ``CheckpointError`` where a file is absent, unreadable or damaged, or index and shards disagree.
  public init(indexPath path: String) throws(CheckpointError) {
    let index = try ShardIndex.read(path: path)
    let directory = System.directory(of: path)
    var shards: [SafetensorsFile] = []
    var metadata: CheckpointMetadata = [:]
    for name in index.shards {
      let shard = try SafetensorsFile(path: directory == "." ? name : "\(directory)/\(name)")
      metadata.merge(shard.metadata) { first, _ in first }
      shards.append(shard)
    }
    table = try TensorTable(shards: shards.map(\.table), of: index, path: path)
    self.indexPath = path
    self.shards = shards
    self.metadata = metadata
    indexMetadata = index.metadata
  }
}
