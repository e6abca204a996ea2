import Checkpoints
import OrderedCollections
import Torch

extension StateDict {
  /// The tensors of a checkpoint, in its order, copied to memory of their own: safetensors, single or sharded, or a
  /// PyTorch file (`torch.save(model.state_dict(), path)`), told apart by content. Nothing in it is executed.
  ///
  /// All headers are checked before anything is read. O(bytes).
  /// - Throws: `CheckpointError` where the file cannot be read, contradicts its format, or holds a type that
  ///   ``Torch/DType`` does not have.
  public init(contentsOf path: String) throws(CheckpointError) {
    self.init()
    let checkpoint = try Checkpoint.open(path)
    for info in checkpoint.tensors {
      guard let dtype = DType(info.type) else {
        throw CheckpointError(
          .unsupported, "read tensor '\(info.name)' of", file: path,
          expected: "one of the types " + DType.allCases.map(\.storedType.name).joined(separator: ", "),
          found: info.type.name, advice: "convert the file first; nothing was loaded")
      }
      let tensor = Tensor.empty(info.shape, dtype: dtype)
      try tensor.withUnsafeMutableBytes { bytes throws(CheckpointError) in try checkpoint.read(info.name, into: bytes) }
      self[info.name] = tensor
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
