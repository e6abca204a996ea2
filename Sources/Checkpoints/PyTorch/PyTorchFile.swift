import OrderedCollections

/// A PyTorch file (`.pt`, `.pth`, `.bin`, `.ckpt`), opened read-only and memory-mapped, its pickle read as data only.
///
/// Reads the zip format of PyTorch 1.6 and later, also deflated, the legacy format before it and the tar format before
/// that, pickle protocols 0 to 5: dictionaries of tensors, also within each other, training checkpoints, in which the
/// state dict is found under the usual keys or named, whole pickled modules, TorchScript. Storages may be shared, strided,
/// of another device; the bytes handed out are contiguous in logical order.
///
/// Nothing in the file is run, looked up or instantiated. What is neither tensor nor plain data becomes a note of its
/// class and of what belongs to it, listed in ``others``; names of functions that run code are an error.
public struct PyTorchFile: TensorReader {
  /// The layouts of PyTorch files.
  public enum Layout: String, Sendable {
    /// A zip archive of a pickle and one member for each storage (since PyTorch 1.6).
    case zip
    /// Five pickles followed by the storages (before PyTorch 1.6).
    case legacy
    /// A tar archive of pickles, tensors and storages (before PyTorch 0.1.10).
    case tar
  }

  /// The path, as it was given.
  public var path: String { file.path }
  /// The size of the file in bytes.
  public var size: Int { file.size }
  /// Zip, legacy or tar.
  public let layout: Layout
  /// The keys that lead to the state dict; empty where the file's own value is the state dict.
  public let stateDictPath: [String]
  /// What else the file holds and this reader leaves out, by its keys: "epoch", "optimizer", a sparse tensor ...
  public let others: [OtherEntry]
  /// The names of ``others``.
  public var leftOut: [String] { others.map(\.name) }
  /// Versions of modules by their path, as `state_dict()._metadata` keeps them: `["": 1, "conv1": 1]`.
  public let moduleVersions: OrderedDictionary<String, Int>
  /// Text that ``PyTorchWriter`` put beside the tensors; empty in files of PyTorch's own.
  public let metadata: CheckpointMetadata

  let file: MappedFile
  /// Where the bytes of tensors lie: `file` itself, or what was unpacked out of it.
  let data: MappedFile
  /// The tensors, in the order of the state dict.
  public let table: TensorTable

  /// Opens and checks the file at `path`.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - stateDict: the keys of the state dict in a training checkpoint, joined by dots ("ema.model"); nil to take the
  ///     usual one.
  /// - Throws: ``CheckpointError`` where the file cannot be read, is damaged, names functions that run code, or holds no
  ///   tensors.
  public init(path: String, stateDict: String? = nil) throws(CheckpointError) {
    try self.init(MappedFile(path: path), stateDict: stateDict)
  }

  init(_ file: MappedFile, stateDict wanted: String?) throws(CheckpointError) {
    let layout: Layout =
      file.size >= 2 && file.bytes(0..<2) == [0x50, 0x4b] ? .zip : TarArchive.isTar(file) ? .tar : .legacy
    let parts =
      switch layout {
      case .zip: try PyTorchParts(zip: file)
      case .tar: try PyTorchParts(tar: file)
      case .legacy: try PyTorchParts(legacy: file)
      }
    let fileIndex = parts.data === file ? 0 : 1
    do throws(PickleReader.Fault) {
      let tree = try TensorTree(in: parts.arena, root: parts.root, wanted: wanted)
      var byName: OrderedDictionary<String, TensorInfo> = [:]
      byName.reserveCapacity(tree.tensors.count)
      for (name, tensor) in tree.tensors {
        let info = try parts.resolve(tensor, name: name, fileIndex: fileIndex)
        guard byName.updateValue(info, forKey: name) == nil else {
          throw .damaged(
            "each name once", "\(CheckpointError.quote(name)) twice, but for the composition of its letters or keys")
        }
      }
      table = TensorTable(byName, in: parts.data === file ? [file] : [file, parts.data], path: file.path)
      stateDictPath = tree.path
      others = tree.others
      moduleVersions = OrderedDictionary(tree.versions.map { ($0.module, $0.version) }) { _, last in last }
    } catch {
      throw CheckpointError(error, file: file.path)
    }
    self.file = file
    data = parts.data
    self.layout = layout
    metadata = parts.metadata
  }
}

extension CheckpointError {
  init(_ fault: PickleReader.Fault, file: String) {
    self.init(
      fault.kind, "read PyTorch file", file: file, expected: fault.expected, found: fault.found, advice: fault.advice)
  }
}
