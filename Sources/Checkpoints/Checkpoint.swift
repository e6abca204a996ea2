import OrderedCollections

/// A file, or several, of named tensors: the one front door for all formats.
///
/// ```swift
/// let checkpoint = try Checkpoint.open("model.pt")        // or .safetensors, an index, a directory
/// for tensor in checkpoint.tensors { print(tensor.name, tensor.type, tensor.shape) }
/// let bytes = try checkpoint.withBytes(of: "conv1.weight") { Array($0) }
/// try Checkpoint.write(checkpoint.sources(), as: .safetensors, to: "model.safetensors")
/// ```
///
/// The format is told by content, not by name. Opening reads headers only and checks all of them; every offset, size
/// and name in a file is held for hostile. Safe to share between threads.
public struct Checkpoint: TensorReader {
  /// What holds the bytes.
  private enum Source: Sendable {
    case safetensors(SafetensorsFile)
    case sharded(ShardedSafetensors)
    case pytorch(PyTorchFile)
    case shardedPyTorch(ShardedPyTorch)
    case numpy(NumPyFile)
    case pt2(PT2File)
    case onnx(ONNXFile)
  }

  /// The path that was opened; for a directory, that of the file or index found in it.
  public let path: String
  /// The layout of the file.
  public let format: CheckpointFormat
  /// The tensors: in the order of the header (safetensors), shard after shard, or of the state dict (PyTorch).
  public let table: TensorTable
  /// Text that travels with the tensors: `__metadata__`, or what ``PyTorchWriter`` put beside them.
  public let metadata: CheckpointMetadata

  private let source: Source

  /// Opens `path`: a safetensors or PyTorch file, an index of shards, or a directory that holds one of them.
  ///
  /// - Parameters:
  ///   - path: the file or directory.
  ///   - stateDict: for PyTorch training checkpoints, the keys that lead to the state dict, joined by dots; nil to take
  ///     the usual one.
  /// - Throws: ``CheckpointError`` where the file cannot be read, is of no format known here, is damaged, or holds more
  ///   than data.
  public static func open(_ path: String, stateDict: String? = nil) throws(CheckpointError) -> Checkpoint {
    let path = System.isDirectory(path) ? try CheckpointDirectory.principalFile(of: System.plain(path)) : path
    return try open(MappedFile(path: path), stateDict: stateDict)
  }

  /// Opens what is in memory as a safetensors or PyTorch file; the bytes are copied once.
  ///
  /// - Parameters:
  ///   - bytes: the content of one file.
  ///   - name: what messages call it.
  ///   - stateDict: as for ``open(_:stateDict:)``.
  /// - Throws: ``CheckpointError`` as there; an index of shards, whose shards are files, is refused too.
  public static func open(
    bytes: some Collection<UInt8>, name: String = "memory", stateDict: String? = nil
  ) throws(CheckpointError) -> Checkpoint {
    let file = MappedFile(bytes: bytes, name: name)
    guard ![.shardedSafetensors, .shardedPyTorch].contains(try CheckpointFormat.detect(file)) else {
      throw CheckpointError(
        .unsupported, "open", file: name, expected: "one file", found: "an index of shards",
        advice: "open the index by its path")
    }
    return try open(file, stateDict: stateDict)
  }

  private static func open(_ file: MappedFile, stateDict: String?) throws(CheckpointError) -> Checkpoint {
    switch try CheckpointFormat.detect(file) {
    case .safetensors: Checkpoint(try SafetensorsFile(file))
    case .shardedSafetensors: Checkpoint(try ShardedSafetensors(indexPath: file.path))
    case .pytorch, .legacyPyTorch, .tarPyTorch: Checkpoint(try PyTorchFile(file, stateDict: stateDict))
    case .shardedPyTorch: Checkpoint(try ShardedPyTorch(indexPath: file.path))
    case .numpy: Checkpoint(try NumPyFile(file, archive: nil))
    case .numpyArchive: Checkpoint(try NumPyFile(file, archive: ZipArchive(file)))
    case .pt2: Checkpoint(try PT2File(file))
    case .onnx: Checkpoint(try ONNXFile(file))
    }
  }

  /// The checkpoint that `file` is.
  public init(_ file: SafetensorsFile) {
    (path, format, table, metadata) = (file.path, .safetensors, file.table, file.metadata)
    source = .safetensors(file)
  }

  /// The checkpoint that `files` are.
  public init(_ files: ShardedSafetensors) {
    (path, format, table, metadata) = (files.indexPath, .shardedSafetensors, files.table, files.metadata)
    source = .sharded(files)
  }

  /// The checkpoint that `file` is.
  public init(_ file: PyTorchFile) {
    let format: CheckpointFormat =
      switch file.layout {
      case .zip: .pytorch
      case .legacy: .legacyPyTorch
      case .tar: .tarPyTorch
      }
    (path, self.format, table, metadata) = (file.path, format, file.table, file.metadata)
    source = .pytorch(file)
  }

  /// The checkpoint that `files` are.
  public init(_ files: ShardedPyTorch) {
    (path, format, table, metadata) = (files.indexPath, .shardedPyTorch, files.table, [:])
    source = .shardedPyTorch(files)
  }

  /// The checkpoint that `file` is.
  public init(_ file: NumPyFile) {
    (path, format, table, metadata) = (file.path, file.isArchive ? .numpyArchive : .numpy, file.table, [:])
    source = .numpy(file)
  }
  /// The checkpoint that the weights of `file` are.
  public init(_ file: PT2File) {
    (path, format, table, metadata) = (file.path, .pt2, file.table, file.metadata)
    source = .pt2(file)
  }

  /// The checkpoint that the tensors of `file` are.
  public init(_ file: ONNXFile) {
    (path, format, table, metadata) = (file.path, .onnx, file.table, file.metadata)
    source = .onnx(file)
  }

  /// The ONNX model, where this is one.
  public var onnxModel: ONNXFile? { if case .onnx(let file) = source { file } else { nil } }

  /// The exported model, where this is one.
  public var exportedModel: PT2File? { if case .pt2(let file) = source { file } else { nil } }

  /// The PyTorch file, where this is a single one.
  public var pytorchFile: PyTorchFile? { if case .pytorch(let file) = source { file } else { nil } }
}

extension Checkpoint {
  /// The files that hold the tensors; ``TensorInfo/fileIndex`` counts them.
  public var files: [String] {
    switch source {
    case .safetensors(let file): [file.path]
    case .sharded(let files): files.shards.map(\.path)
    case .pytorch(let file): [file.path]
    case .shardedPyTorch(let files): files.shards.map(\.path)
    case .numpy(let file): [file.path]
    case .pt2(let file): [file.path]
    case .onnx(let file): file.files
    }
  }

  /// Those files themselves, and behind them those that compressed ones were unpacked into.
  var mappedFiles: [MappedFile] { table.files }

  /// The bytes of a checkpoint that is one file; nil for an index or a directory.
  package static func fileSize(at path: String) -> Int? {
    guard !path.hasSuffix(".index.json"), !System.isDirectory(path) else { return nil }
    return try? MappedFile(path: path).size
  }

  /// The format in words, with what there is to say: "sharded safetensors, 5 files", "PyTorch (zip), under state_dict".
  public var formatDescription: String {
    if format == .shardedSafetensors || format == .shardedPyTorch { return "\(format), \(files.count) files" }
    return stateDictPath.isEmpty ? "\(format)" : "\(format), under \(stateDictPath.joined(separator: "."))"
  }

  /// The keys that led to the state dict of a PyTorch training checkpoint; empty otherwise.
  public var stateDictPath: [String] {
    if case .pytorch(let file) = source { file.stateDictPath } else { [] }
  }

  /// What a file holds beside the tensors that are read; writing does not keep it.
  public var others: [OtherEntry] {
    switch source {
    case .safetensors, .sharded, .pt2: []
    case .pytorch(let file): file.others
    case .shardedPyTorch(let files): files.others
    case .numpy(let file): file.others
    case .onnx(let file): file.others
    }
  }

  /// The names of ``others`` ("epoch", "optimizer").
  public var leftOut: [String] { others.map(\.name) }

  /// Tensors of shards that their index does not name.
  public var unindexed: [String] {
    switch source {
    case .sharded(let files): files.table.unindexed
    case .shardedPyTorch(let files): files.table.unindexed
    default: []
    }
  }

  /// Versions of modules out of a PyTorch state dict's `_metadata`; empty otherwise.
  public var moduleVersions: OrderedDictionary<String, Int> {
    if case .pytorch(let file) = source { file.moduleVersions } else { [:] }
  }

  /// Text in the `metadata` of an index of shards; empty otherwise.
  public var indexMetadata: CheckpointMetadata {
    switch source {
    case .sharded(let files): files.indexMetadata
    case .shardedPyTorch(let files): files.indexMetadata
    default: [:]
    }
  }

  /// `"module."` where every name begins with it, as torch.nn.DataParallel saves them; nil otherwise.
  public var dataParallelPrefix: String? {
    let prefix = "module."
    return !tensors.isEmpty && tensors.allSatisfy { $0.name.hasPrefix(prefix) && $0.name != prefix } ? prefix : nil
  }
}

extension Checkpoint {
  /// Reads a tensor in blocks, one after the other through the same memory, aligned to 64 bytes.
  ///
  /// - Parameters:
  ///   - name: the tensor.
  ///   - size: the bytes of a block, the last one excepted; a multiple of the element's width keeps elements whole.
  ///   - body: called with each block and its offset in the tensor.
  /// - Throws: as ``read(_:at:into:)``, and whatever `body` throws.
  public func forEachBlock(
    of name: String, size: Int = 8 << 20, _ body: (_ block: UnsafeMutableRawBufferPointer, _ offset: Int) throws -> Void
  ) throws {
    precondition(size > 0, "blocks of at least one byte")
    guard let tensor = self[name] else { throw CheckpointError.noTensor(name, in: path, names: tensors.map(\.name)) }
    let total = tensor.byteCount
    guard total > 0 else { return }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: min(size, total), alignment: 64)
    defer { memory.deallocate() }
    var offset = 0
    while offset < total {
      let block = UnsafeMutableRawBufferPointer(rebasing: memory[..<min(size, total - offset)])
      try read(name, at: offset, into: block)
      try body(block, offset)
      offset += block.count
    }
    try checkUnchanged()
  }

  /// Throws where another program has changed one of the files since they were opened: what was read of it may be a
  /// mixture. Sizes and times of change are compared; cheap, so that every pass over the files can end with it.
  public func checkUnchanged() throws(CheckpointError) {
    for file in mappedFiles { try file.checkUnchanged() }
  }

  /// A tensor as a source for a writer, read in blocks when its turn comes.
  public func source(of tensor: TensorInfo) -> TensorSource {
    TensorSource(name: tensor.name, type: tensor.type, shape: tensor.shape) { consume in
      try forEachBlock(of: tensor.name) { block, _ in try consume(UnsafeRawBufferPointer(block)) }
    }
  }

  /// All tensors as sources for a writer, in order.
  public func sources() -> [TensorSource] { tensors.map(source(of:)) }

  /// Reads a PyTorch archive's members and compares them with their checksums.
  ///
  /// - Returns: whether there was anything to compare: false for safetensors, legacy files and archives written without
  ///   checksums.
  /// - Throws: ``CheckpointError`` at the first member that differs, and what `progress` throws.
  public func verifyChecksums(progress: WritingProgress? = nil) throws -> Bool {
    if case .pt2(let file) = source { return try file.archive.verifyChecksums(progress: progress) }
    guard case .pytorch(let file) = source, file.layout == .zip else { return false }
    return try ZipArchive(file.file).verifyChecksums(progress: progress)
  }
}
