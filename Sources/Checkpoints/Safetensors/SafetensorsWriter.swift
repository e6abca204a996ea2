import OrderedCollections

/// Writes safetensors files: in one call from tensors at hand, or block by block for what does not fit in memory.
///
/// ```swift
/// try SafetensorsWriter.write(
///   [TensorSource(name: "w", type: .f32, shape: [2, 2], elements: [1, 2, 3, 4] as [Float])],
///   metadata: ["format": "pt"], to: "model.safetensors")
/// ```
///
/// Either way the file grows beside its target and takes its place in one step at the end (synced, renamed): an error
/// leaves an earlier file as it was and nothing else behind. Names stand in the header in the order given; bytes lie
/// widest element type first, so that Python's `safetensors` and others can map them aligned.
public final class SafetensorsWriter {
  /// The tensors, in the order given, with the place of each in the file.
  public let tensors: [TensorInfo]
  /// The size of the finished file in bytes.
  public let size: Int
  /// The bytes of tensors that the finished file holds.
  public let bytesTotal: Int
  /// The bytes of tensors written so far.
  public private(set) var bytesWritten = 0

  private let file: AtomicFile
  private let indices: [String: Int]
  private var written: [Int]
  private let progress: ((_ written: Int, _ total: Int) throws -> Void)?

  /// Begins a file: lays it out, checks the free space and writes its header.
  ///
  /// - Parameters:
  ///   - path: the target; a symbolic link is replaced, not followed.
  ///   - tensors: name, element type and shape of each tensor that will be written.
  ///   - metadata: text for `__metadata__`; PyTorch's tools expect `"format": "pt"` there.
  ///   - replacing: whether an existing file may be replaced.
  ///   - progress: called after each block with the bytes of tensors written and their total; may throw to stop.
  /// - Throws: ``CheckpointError`` for names, types and shapes that the format cannot hold, and where the system
  ///   refuses to create the file or has no space for it.
  public init(
    path: String, tensors: [TensorSpec], metadata: CheckpointMetadata = [:],
    replacing: Bool = true, progress: ((_ written: Int, _ total: Int) throws -> Void)? = nil
  ) throws(CheckpointError) {
    let layout = try SafetensorsHeader.layOut(tensors, metadata: metadata, file: path)
    self.tensors = layout.tensors
    indices = Dictionary(uniqueKeysWithValues: layout.tensors.enumerated().map { ($1.name, $0) })
    written = [Int](repeating: 0, count: layout.tensors.count)
    size = layout.tensors.map(\.byteRange.upperBound).max() ?? layout.prefix.count
    bytesTotal = size - layout.prefix.count
    self.progress = progress
    file = try AtomicFile(target: path, size: size, replacing: replacing)
    do throws(CheckpointError) {
      try file.write(layout.prefix, at: 0)
    } catch {
      file.discard()
      throw error
    }
  }

  /// Appends a block to the tensor called `name`. Tensors may come in any order, the blocks of one in theirs.
  ///
  /// - Throws: ``CheckpointError`` where there is no such tensor, the block exceeds it, or writing fails; and what
  ///   `progress` throws.
  public func append(_ block: UnsafeRawBufferPointer, to name: String) throws {
    guard let index = indices[name] else {
      throw CheckpointError.noTensor(name, in: file.target, names: tensors.map(\.name))
    }
    let tensor = tensors[index]
    let left = tensor.byteRange.count - written[index]
    guard block.count <= left else {
      throw mismatch(tensor, found: "\(written[index] + block.count) or more")
    }
    try file.write(block, at: tensor.byteRange.lowerBound + written[index])
    written[index] += block.count
    bytesWritten += block.count
    try progress?(bytesWritten, bytesTotal)
  }

  /// Checks that every tensor is complete, and puts the file in place of its target.
  ///
  /// - Throws: ``CheckpointError`` where bytes are missing, or syncing or renaming fails; the target is untouched then.
  public func finish() throws(CheckpointError) {
    for (index, tensor) in tensors.enumerated() where written[index] < tensor.byteRange.count {
      throw mismatch(tensor, found: "\(written[index])")
    }
    try file.commit()
  }

  /// Deletes what was written; the target stays as it was. Also happens when the writer goes unfinished.
  public func cancel() { file.discard() }

  private func mismatch(_ tensor: TensorInfo, found: String) -> CheckpointError {
    CheckpointError(
      .invalidArgument, "write tensor \(CheckpointError.quote(tensor.name)) to", file: file.target,
      expected: "\(tensor.byteRange.count) bytes (\(tensor.type) of shape \(tensor.shape))", found: found,
      advice: "give the contiguous bytes of the whole tensor; nothing was changed")
  }
}

extension SafetensorsWriter {
  /// Writes a whole file.
  ///
  /// - Parameters are those of ``init(path:tensors:metadata:replacing:progress:)``; each source's bytes are asked for
  ///   once, in the order given.
  /// - Throws: ``CheckpointError`` as there, and whatever a source or `progress` throws; the target is untouched then.
  public static func write(
    _ sources: [TensorSource], metadata: CheckpointMetadata = [:], to path: String, replacing: Bool = true,
    progress: ((_ written: Int, _ total: Int) throws -> Void)? = nil
  ) throws {
    let writer = try SafetensorsWriter(
      path: path, tensors: sources.map(\.spec), metadata: metadata, replacing: replacing,
      progress: progress)
    do {
      for source in sources {
        try source.produce { try writer.append($0, to: source.spec.name) }
      }
      try writer.finish()
    } catch {
      writer.cancel()
      throw error
    }
  }
}
