import OrderedCollections

extension Checkpoint {
  /// The layouts of checkpoints that can be written.
  public enum OutputFormat: Hashable, Sendable {
    /// One safetensors file.
    case safetensors
    /// Several safetensors files of at most `limit` bytes of tensors each, with an index. In a directory, what fits one file
    /// is one, `model.safetensors` without an index, as Hugging Face has it.
    case shardedSafetensors(limit: Int)
    /// PyTorch's zip archive.
    case pytorch
    /// The input's zip archive of PyTorch with other values: all else that it holds is kept, byte for byte.
    case pytorchWithRest
    /// An exported model: the graph and all else of the input, with other weights.
    case pt2
    /// An ONNX model: all of the input, with other entries in its tensors.
    case onnx

    /// The layout that a path's ending asks for: `.safetensors`, an index or a directory, or one of PyTorch's endings;
    /// nil for any other. A name without any ending is that of a directory, unless it is that of a file already.
    public init?(path: String) {
      if path.hasSuffix(".safetensors") {
        self = .safetensors
      } else if path.hasSuffix(ShardIndex.suffix) || path.hasSuffix("/") || System.isDirectory(path)
        || (!System.lastComponent(path).contains(".") && !System.exists(path))
      {
        self = .shardedSafetensors(limit: 5_000_000_000)
      } else if [".pt", ".pth", ".bin", ".ckpt"].contains(where: path.hasSuffix) {
        self = .pytorch
      } else if path.hasSuffix(".pt2") {
        self = .pt2
      } else if path.hasSuffix(".onnx") {
        self = .onnx
      } else {
        return nil
      }
    }
  }

  /// Throws where writing to `path` would replace a checkpoint: for commands that would find out after long work.
  public static func checkIsFree(_ path: String, for format: OutputFormat) throws(CheckpointError) {
    guard case .shardedSafetensors = format else {
      if System.exists(path) { throw AtomicFile.exists(path) }
      return
    }
    let taken = [ShardIndex.path(for: path)] + (ShardIndex.soleFile(for: path).map { [$0] } ?? [])
    if let found = taken.first(where: System.exists) { throw AtomicFile.exists(found) }
  }

  /// Begins a checkpoint that will be written block by block.
  ///
  /// - Parameters:
  ///   - format: the layout.
  ///   - path: the target: a file, or for shards a directory or the path of the index.
  ///   - tensors: what will be written; the order is kept.
  ///   - metadata: text kept with the tensors; see ``metadata(for:)``.
  ///   - moduleVersions: for PyTorch files, `state_dict()._metadata`.
  ///   - input: for shards, an earlier checkpoint whose division into shards is kept.
  ///   - replacing: whether an existing checkpoint may be replaced.
  ///   - progress: called after each block; may throw to stop.
  /// - Throws: ``CheckpointError`` where the format cannot hold the tensors or the system refuses to begin.
  public static func writer(
    as format: OutputFormat, to path: String, tensors: [TensorSpec], metadata: CheckpointMetadata = [:],
    moduleVersions: OrderedDictionary<String, Int> = [:], like input: Checkpoint? = nil, replacing: Bool = true,
    progress: WritingProgress? = nil
  ) throws(CheckpointError) -> any TensorStoreWriter {
    switch format {
    case .safetensors:
      return try SafetensorsWriter(
        path: path, tensors: tensors, metadata: metadata, replacing: replacing, progress: progress)
    case .shardedSafetensors(let limit):
      let shards =
        if let input, input.files.count > 1 {
          ShardedSafetensorsWriter.split(tensors, like: input.tensors)
        } else {
          ShardedSafetensorsWriter.split(tensors, limit: limit)
        }
      return try ShardedSafetensorsWriter.writer(
        path: path, shards: shards, metadata: metadata, indexMetadata: input?.indexMetadata ?? [:],
        replacing: replacing, progress: progress)
    case .pytorch:
      return try PyTorchWriter(
        path: path, tensors: tensors, metadata: metadata, moduleVersions: moduleVersions, replacing: replacing,
        progress: progress)
    case .pytorchWithRest:
      guard let file = input?.pytorchFile else {
        throw CheckpointError(
          .unsupported, "write", file: path, expected: "a PyTorch file as input, whose rest the output takes",
          found: input.map { "\($0.format)" } ?? "none", advice: "leave the rest out: there is none")
      }
      try Self.checkNames(tensors, fit: file.tensors, of: "the pickle of '\(file.path)'", path: path)
      return try ArchiveWriter(
        path: path, keepingRestOf: file, metadata: metadata, replacing: replacing, progress: progress)
    case .pt2:
      guard let model = input?.exportedModel else {
        throw CheckpointError(
          .unsupported, "write", file: path, expected: "an exported model as input, whose graph the output takes",
          found: input.map { "\($0.format)" } ?? "none", advice: "choose another ending, or export the model in Python")
      }
      try Self.checkNames(tensors, fit: model.tensors, of: "the graph of '\(model.path)'", path: path)
      return try ArchiveWriter(
        path: path, like: model, tensors: tensors, metadata: metadata, replacing: replacing, progress: progress)
    case .onnx:
      guard let model = input?.onnxModel else {
        throw CheckpointError(
          .unsupported, "write", file: path, expected: "an ONNX model as input, whose graph the output takes",
          found: input.map { "\($0.format)" } ?? "none", advice: "choose another ending, or convert a .pt2")
      }
      try Self.checkNames(tensors, fit: model.tensors, of: "the graph of '\(model.path)'", path: path)
      return try ONNXWriter(path: path, like: model, metadata: metadata, replacing: replacing, progress: progress)
    }
  }

  /// The metadata for an output in another layout: that of the input, and `format: pt` where safetensors are made out of
  /// another format, because transformers refuses files that say none.
  public func metadata(for output: OutputFormat) -> CheckpointMetadata {
    if [.pytorch, .pytorchWithRest, .onnx].contains(output) { return metadata }
    guard format != .safetensors, format != .shardedSafetensors else { return metadata }
    return metadata.merging(["format": "pt"]) { given, _ in given }
  }

  /// Throws where what stays of the input would not fit the tensors any more.
  private static func checkNames(
    _ tensors: [TensorSpec], fit wanted: [TensorInfo], of what: String, path: String
  ) throws(CheckpointError) {
    let given = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
    let names = Set(wanted.map(\.name))
    let odd = wanted.first { given[$0.name] != $0.spec }?.name ?? tensors.first { !names.contains($0.name) }?.name
    guard let odd else { return }
    throw CheckpointError(
      .unsupported, "write", file: path, expected: "the weights that \(what) asks for",
      found: "\(CheckpointError.quote(odd)) missing, new, or of another type or shape",
      advice: "it would not fit: write .safetensors or .pt anew, or keep names, types and shapes")
  }

  /// Writes a whole checkpoint; parameters as ``writer(as:to:tensors:metadata:moduleVersions:like:replacing:progress:)``.
  ///
  /// - Throws: ``CheckpointError``, and whatever a source or `progress` throws; the target is untouched then.
  public static func write(
    _ sources: [TensorSource], as format: OutputFormat, to path: String, metadata: CheckpointMetadata = [:],
    moduleVersions: OrderedDictionary<String, Int> = [:], like input: Checkpoint? = nil, replacing: Bool = true,
    progress: WritingProgress? = nil
  ) throws {
    let writer = try writer(
      as: format, to: path, tensors: sources.map(\.spec), metadata: metadata, moduleVersions: moduleVersions,
      like: input, replacing: replacing, progress: progress)
    try writer.writeAll(sources)
  }
}
