import OrderedCollections

/// Writes a safetensors file: in one call from tensors at hand, or block by block for what does not fit in memory.
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
public final class SafetensorsWriter: CopyingWriter {
  /// The size of the finished file in bytes.
  public let size: Int

  private let file: AtomicFile
  private var metadata: CheckpointMetadata
  private var ledger: WritingLedger
  private let progress: WritingProgress?

  /// The path of the target.
  public var path: String { file.target }
  /// The tensors, in the order given, with the place of each in the file.
  public var tensors: [TensorInfo] { ledger.tensors }
  /// The bytes of tensors written so far.
  public var bytesWritten: Int { ledger.bytesWritten }
  /// The bytes of tensors that the finished file holds.
  public var bytesTotal: Int { ledger.bytesTotal }

  /// Begins a file: lays it out, checks the free space and writes its header.
  ///
  /// - Parameters:
  ///   - path: the target; a symbolic link is followed, and what it leads to replaced.
  ///   - tensors: name, element type and shape of each tensor that will be written.
  ///   - metadata: text for `__metadata__`; PyTorch's tools expect `"format": "pt"` there.
  ///   - replacing: whether an existing file may be replaced.
  ///   - makingDirectory: whether the directory is made where it is absent; its parent must exist.
  ///   - progress: called after each block; may throw to stop.
  /// - Throws: ``CheckpointError`` for names, types and shapes that the format cannot hold, and where the system
  ///   refuses to create the file or has no space for it.
  public init(
    path: String, tensors: [TensorSpec], metadata: CheckpointMetadata = [:], replacing: Bool = true,
    makingDirectory: Bool = false, progress: WritingProgress? = nil
  ) throws(CheckpointError) {
    let layout = try SafetensorsHeader.layOut(tensors, metadata: metadata, file: path)
    ledger = WritingLedger(layout.tensors, file: path)
    self.metadata = metadata
    size = layout.prefixCount + ledger.bytesTotal
    self.progress = progress
    file = try AtomicFile(target: path, size: size, replacing: replacing, makingDirectory: makingDirectory)
    do throws(CheckpointError) {
      var end = 0
      try layout.forEachPrefixPiece { (piece) throws(CheckpointError) in
        try file.write(piece, at: end)
        end += piece.count
      }
    } catch {
      file.discard()
      throw error
    }
  }

  /// Appends a block to the tensor called `name`; see ``TensorStoreWriter/append(_:to:)``.
  public func append(_ block: UnsafeRawBufferPointer, to name: String) throws {
    let place = try ledger.place(name, count: block.count)
    try file.write(block, at: ledger.tensors[place.index].byteRange.lowerBound + place.written)
    ledger.add(block.count, to: place.index)
    try progress?(bytesWritten, bytesTotal)
  }

  package func append(_ part: FilePart, to name: String) throws {
    let place = try ledger.place(name, count: part.range.count)
    try file.copy(part, at: ledger.tensors[place.index].byteRange.lowerBound + place.written)
    ledger.add(part.range.count, to: place.index)
    try progress?(bytesWritten, bytesTotal)
  }

  /// Writes other metadata of the same length; see ``TensorStoreWriter/replaceMetadata(_:)``.
  public func replaceMetadata(_ values: CheckpointMetadata) throws(CheckpointError) {
    let changed = metadata.merging(values) { _, new in new }
    let texts = [metadata, changed].map { Array((SafetensorsHeader.text(of: $0) ?? "").utf8) }
    guard texts[0].count == texts[1].count else {
      throw .otherMetadata(path, expected: texts[0].count, found: texts[1].count)
    }
    try file.write(texts[1], at: SafetensorsHeader.metadataOffset)
    metadata = changed
  }

  /// Puts the complete file in place of its target; see ``TensorStoreWriter/finish()``.
  public func finish() throws(CheckpointError) {
    try ledger.checkComplete()
    try file.commit()
  }

  func checkComplete() throws(CheckpointError) { try ledger.checkComplete() }

  /// Deletes what was written; the target stays as it was.
  public func cancel() { file.discard() }

  /// Writes a whole file.
  ///
  /// - Parameters:
  ///   - sources: the tensors; the bytes of each are asked for once, in the order given.
  ///   - metadata: text for `__metadata__`.
  ///   - path: the target; a symbolic link is followed, and what it leads to replaced.
  ///   - replacing: whether an existing file may be replaced.
  ///   - progress: called after each block; may throw to stop.
  /// - Throws: ``CheckpointError`` as the initializer, and whatever a source or `progress` throws; the target is
  ///   untouched then.
  public static func write(
    _ sources: [TensorSource], metadata: CheckpointMetadata = [:], to path: String, replacing: Bool = true,
    progress: WritingProgress? = nil
  ) throws {
    let writer = try SafetensorsWriter(
      path: path, tensors: sources.map(\.spec), metadata: metadata, replacing: replacing, progress: progress)
    try writer.writeAll(sources)
  }
}
