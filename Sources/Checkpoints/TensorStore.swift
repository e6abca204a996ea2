import OrderedCollections

/// Files of tensors, whatever their format: names, types, shapes, and bytes in blocks.
///
/// What works on tensors, such as pruning, is written against this protocol and thereby works on every format.
/// ``Checkpoint`` is the one for safetensors and PyTorch files.
public protocol TensorStore: Sendable {
  /// What messages call the store: the path of a file or an index.
  var path: String { get }
  /// The files that hold the tensors; ``TensorInfo/fileIndex`` counts them.
  var files: [String] { get }
  /// The size of each of those files in bytes.
  var fileSizes: [Int] { get }
  /// The tensors, in order.
  var tensors: [TensorInfo] { get }
  /// Text that travels with the tensors.
  var metadata: CheckpointMetadata { get }

  /// The nodes that take a tensor, where the store has a graph.
  func uses(of name: String) -> [TensorUse]

  /// The tensor called `name`, or nil. O(1).
  subscript(name: String) -> TensorInfo? { get }

  /// Copies part of a tensor into `buffer`: the `buffer.count` bytes from `offset` on, contiguous in row-major order.
  ///
  /// - Throws: ``CheckpointError`` where there is no such tensor, the part leaves the tensor, or reading fails.
  func read(_ name: String, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError)

  /// Copies part of a file into `buffer`, whatever it is part of.
  ///
  /// - Throws: ``CheckpointError`` where the part leaves the file, or reading fails.
  func readFile(_ file: Int, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError)

  /// Throws where one of the files has changed since the store was opened: what was read may be of two states.
  func checkUnchanged() throws(CheckpointError)

  /// Begins an output that holds the tensors of this store, changed or under other names.
  ///
  /// - Parameters:
  ///   - format: The layout.
  ///   - path: The target: a file, or for shards a directory or the path of the index.
  ///   - tensors: What will be written; the order is kept.
  ///   - origins: The tensors of this store under their new names, for the division into shards; empty for one file.
  ///   - metadata: Text kept with the tensors.
  ///   - replacing: Whether an existing output may be replaced.
  /// - Throws: ``CheckpointError`` where the format cannot hold the tensors or the system refuses to begin.
  func writer(
    as format: Checkpoint.OutputFormat, to path: String, tensors: [TensorSpec], origins: [TensorInfo],
    metadata: CheckpointMetadata, replacing: Bool
  ) throws(CheckpointError) -> any TensorStoreWriter
}

extension TensorStore {
  /// The size of all files in bytes.
  public var size: Int { fileSizes.reduce(0, +) }

  /// None: most files have no graph.
  public func uses(of name: String) -> [TensorUse] { [] }

  /// The tensors in the order in which their bytes lie in the files: the order for reading everything once.
  public var tensorsByOffset: [TensorInfo] { tensors.sorted(by: TensorInfo.liesBefore) }
}

extension Checkpoint: TensorStore {
  /// The size of each file in bytes.
  public var fileSizes: [Int] { mappedFiles.map(\.size) }

  /// The nodes that take a tensor of an ONNX model.
  public func uses(of name: String) -> [TensorUse] { onnxModel?.uses[name] ?? [] }

  /// Copies part of a file into `buffer`.
  public func readFile(
    _ file: Int, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) { try mappedFiles[file].read(at: offset, into: buffer) }

  /// Begins an output; tensors stay in the shards where they were.
  public func writer(
    as format: OutputFormat, to path: String, tensors: [TensorSpec], origins: [TensorInfo],
    metadata: CheckpointMetadata, replacing: Bool
  ) throws(CheckpointError) -> any TensorStoreWriter {
    // What the format wants, under what is asked for.
    let metadata = self.metadata(for: format).merging(metadata) { _, new in new }
    guard case .shardedSafetensors(let limit) = format else {
      return try Self.writer(
        as: format, to: path, tensors: tensors, metadata: metadata, moduleVersions: moduleVersions, like: self,
        replacing: replacing)
    }
    let shards =
      self.format == .shardedSafetensors
      ? ShardedSafetensorsWriter.split(tensors, like: origins) : ShardedSafetensorsWriter.split(tensors, limit: limit)
    return try ShardedSafetensorsWriter.writer(
      path: path, shards: shards, metadata: metadata, indexMetadata: indexMetadata, replacing: replacing)
  }
}
