import OrderedCollections

/// A PyTorch file (`.pt`, `.pth`, `.bin`, `.ckpt`), opened read-only and memory-mapped, its pickle read as data only.
///
/// Reads the zip format of PyTorch 1.6 and later and the legacy format before it, pickle protocols 2 to 5: plain and
/// ordered dictionaries of tensors, and training checkpoints, in which the state dict is found under the usual keys or
/// named. Storages may be shared, strided, of another device; the bytes handed out are contiguous in logical order.
///
/// Nothing in the file is run, looked up or instantiated: a name outside a short list of tensors and plain data is an
/// error that says the name. Whole pickled modules and TorchScript archives are refused with what to do instead.
public struct PyTorchFile: Sendable {
  /// The two layouts of PyTorch files.
  public enum Layout: String, Sendable {
    /// A zip archive of a pickle and one member for each storage (since PyTorch 1.6).
    case zip
    /// Five pickles followed by the storages (before PyTorch 1.6).
    case legacy
  }

  /// The path, as it was given.
  public var path: String { file.path }
  /// The size of the file in bytes.
  public var size: Int { file.size }
  /// Zip or legacy.
  public let layout: Layout
  /// The keys that lead to the state dict; empty where the file's own value is the state dict.
  public let stateDictPath: [String]
  /// What else the file holds and this reader leaves out, by its keys: "epoch", "optimizer", ...
  public let leftOut: [String]
  /// Versions of modules by their path, as `state_dict()._metadata` keeps them: `["": 1, "conv1": 1]`.
  public let moduleVersions: OrderedDictionary<String, Int>
  /// Text that ``PyTorchWriter`` put beside the tensors; empty in files of PyTorch's own.
  public let metadata: CheckpointMetadata

  let file: MappedFile
  private let byName: OrderedDictionary<String, TensorInfo>

  /// Opens and checks the file at `path`.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - stateDict: the keys of the state dict in a training checkpoint, joined by dots ("ema.model"); nil to take the
  ///     usual one.
  /// - Throws: ``CheckpointError`` where the file cannot be read, is damaged, holds code or objects, has several state
  ///   dicts and none is named, or holds tensors that are not read (quantised, sparse, nested, meta).
  public init(path: String, stateDict: String? = nil) throws(CheckpointError) {
    try self.init(MappedFile(path: path), stateDict: stateDict)
  }

  init(_ file: MappedFile, stateDict wanted: String?) throws(CheckpointError) {
    let isZip = file.size >= 2 && file.bytes(0..<2) == [0x50, 0x4b]
    let parts = isZip ? try PyTorchParts(zip: file) : try PyTorchParts(legacy: file)
    do throws(PickleReader.Fault) {
      let stateDict = try StateDict(in: parts.arena, root: parts.root, wanted: wanted)
      var byName: OrderedDictionary<String, TensorInfo> = [:]
      for (name, tensor) in stateDict.tensors {
        guard byName.updateValue(try parts.resolve(tensor, name: name, fileSize: file.size), forKey: name) == nil else {
          throw .damaged(
            "each name once", "\(CheckpointError.quote(name)) twice, but for the composition of its letters")
        }
      }
      self.byName = byName
      stateDictPath = stateDict.path
      leftOut = stateDict.leftOut
      moduleVersions = OrderedDictionary(stateDict.versions.map { ($0.module, $0.version) }) { _, last in last }
    } catch {
      throw CheckpointError(error, file: file.path)
    }
    self.file = file
    layout = isZip ? .zip : .legacy
    metadata = parts.metadata
  }

  /// The tensors, in the order of the state dict.
  public var tensors: [TensorInfo] { Array(byName.values) }

  /// The tensor called `name`, or nil. O(1).
  public subscript(name: String) -> TensorInfo? { byName[name] }

  /// Hands out the bytes of the tensor called `name`, contiguous in logical order.
  ///
  /// Without a copy where the file holds them so; a strided tensor is gathered into memory of its own size first. The
  /// pointer is valid during the call only; load elements with `loadUnaligned`.
  ///
  /// - Throws: ``CheckpointError`` of kind `notFound`, and whatever `body` throws.
  public func withBytes<Result>(
    of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    guard let tensor = byName[name] else { throw CheckpointError.noTensor(name, in: path, names: byName.keys) }
    guard tensor.strides != nil else { return try file.withBytes(tensor.byteRange, body) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: tensor.byteCount, alignment: 16)
    defer { buffer.deallocate() }
    try StridedGather(tensor, of: file).read(at: 0, into: buffer)
    return try body(UnsafeRawBufferPointer(buffer))
  }

  /// Copies part of a tensor into `buffer`: the `buffer.count` bytes from `offset` on, in logical order.
  ///
  /// - Throws: ``CheckpointError`` where there is no such tensor, the part leaves the tensor, or reading fails.
  public func read(
    _ name: String, at offset: Int = 0, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    guard let tensor = byName[name] else { throw .noTensor(name, in: path, names: byName.keys) }
    try tensor.checkPart(at: offset, count: buffer.count, file: path)
    guard tensor.strides != nil else {
      try file.read(at: tensor.byteRange.lowerBound + offset, into: buffer)
      return
    }
    try StridedGather(tensor, of: file).read(at: offset, into: buffer)
  }
}

extension CheckpointError {
  init(_ fault: PickleReader.Fault, file: String) {
    self.init(
      fault.kind, "read PyTorch file", file: file, expected: fault.expected, found: fault.found, advice: fault.advice)
  }
}
