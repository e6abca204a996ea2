import Checkpoints
import OrderedCollections
import Torch

extension StateDict {
  /// The tensors of a checkpoint, in its order, copied to memory of their own: safetensors, single or sharded, or a
  /// PyTorch file (`torch.save(model.state_dict(), path)`), told apart by content. Nothing in it is executed.
  ///
  /// All headers are checked before anything is read. O(bytes).
  /// - Parameters:
  ///   - path: The file.
  ///   - prefix: What is taken from the beginning of names that have it: `module.` of `torch.nn.DataParallel`,
  ///     `_orig_mod.` of `torch.compile`. The other names stay as they are.
  ///   - skipping: Called with each entry that a state dict cannot hold (a type that ``Torch/DType`` does not have, a sparse
  ///     tensor, an object), which is then left out. Without it, such a type is an error, and the rest is left out unsaid.
  /// - Throws: `CheckpointError` where the file cannot be read, contradicts its format, holds a type that
  ///   ``Torch/DType`` does not have, or two names are the same without the prefix.
  public init(
    contentsOf path: String, strippingPrefix prefix: String = "", skipping: ((OtherEntry) -> Void)? = nil
  ) throws(CheckpointError) {
    self.init()
    let checkpoint = try Checkpoint.open(path)
    if let skipping { checkpoint.others.forEach(skipping) }
    for info in checkpoint.tensors {
      guard let dtype = DType(info.type) else {
        if let skipping {
          skipping(OtherEntry(name: info.name, what: "a tensor of \(info.type.name)", isTensor: true))
          continue
        }
        throw CheckpointError(
          .unsupported, "read tensor '\(info.name)' of", file: path,
          expected: "one of the types " + DType.allCases.map(\.storedType.name).joined(separator: ", "),
          found: info.type.name, advice: "convert the file first, or skip such tensors; nothing was loaded")
      }
      let isPrefixed = !prefix.isEmpty && info.name.hasPrefix(prefix) && info.name != prefix
      let name = isPrefixed ? String(info.name.dropFirst(prefix.count)) : info.name
      guard self[name] == nil else {
        throw CheckpointError(
          .invalidArgument, "read tensors of", file: path, expected: "each name once without '\(prefix)'",
          found: "'\(name)' twice", advice: "strip another prefix; nothing was loaded")
      }
      let tensor = Tensor.empty(info.shape, dtype: dtype)
      try tensor.withUnsafeMutableBytes { bytes throws(CheckpointError) in try checkpoint.read(info.name, into: bytes) }
      self[name] = tensor
    }
  }

  /// Writes the tensors to a safetensors file, in order, that Python's `safetensors` reads.
  ///
  /// Tensors of any layout and device are written contiguously; tensors that share memory are written under each name.
  /// The file grows beside its target and takes its place at the end, so that an error leaves an earlier one as it was.
  /// - Parameters:
  ///   - path: The target.
  ///   - metadata: Text for the header; `"format": "pt"` is what PyTorch's tools expect.
  ///   - replacing: Whether an existing file may be replaced.
  /// - Throws: `CheckpointError`.
  public func save(
    to path: String, metadata: CheckpointMetadata = ["format": "pt"], replacing: Bool = true
  ) throws {
    let sources = map { name, tensor in
      TensorSource(name: name, type: tensor.dtype.storedType, shape: tensor.shape) { consume in
        try tensor.detach().to(.cpu).contiguous().withUnsafeBytes(consume)
      }
    }
    try SafetensorsWriter.write(sources, metadata: metadata, to: path, replacing: replacing)
  }
}

extension Module {
  /// Writes the state dict to a safetensors file: `safetensors.torch.save_file(module.state_dict(), path)`.
  ///
  /// Parameters that are shared are written under each of their names, as ``stateDict`` lists them.
  /// - Parameters:
  ///   - path: The target.
  ///   - metadata: Text for the header; `"format": "pt"` is what PyTorch's tools expect.
  ///   - replacing: Whether an existing file may be replaced.
  /// - Throws: `CheckpointError`; an earlier file is as it was then.
  public final func save(
    to path: String, metadata: CheckpointMetadata = ["format": "pt"], replacing: Bool = true
  ) throws {
    try stateDict.save(to: path, metadata: metadata, replacing: replacing)
  }

  /// Loads the state dict that a safetensors or PyTorch file holds; see ``loadStateDict(_:strict:)``.
  /// - Parameters:
  ///   - path: The file.
  ///   - strict: Whether all names must agree.
  /// - Returns: The names that did not agree, where not strict.
  /// - Throws: `CheckpointError` for the file, ``ModuleError`` for what it holds; nothing has changed then.
  @discardableResult
  public final func load(from path: String, strict: Bool = true) throws -> StateDictDifference {
    try loadStateDict(StateDict(contentsOf: path), strict: strict)
  }
}
