import OrderedCollections

/// Writes a model out of another with other entries in its tensors: everything else as it was, byte for byte.
///
/// Names, order, functions, quantised layers and fields that nobody here knows stay, for they are copied and not
/// understood; metadata that are new come at the end. Data beside the model stay in files of as many bytes, under the same
/// names in another directory and under a name of the output's own in the same. Like every writer here it works beside
/// its targets; the model takes its place last.
public final class ONNXWriter: CopyingWriter {
  private let input: ONNXFile
  private let output: ONNXOutput
  private var metadata: CheckpointMetadata
  private let metadataPlace: Int
  private var ledger: WritingLedger
  /// Entries of tensors that are written as numbers of protocol buffers; each must be seen as a whole.
  private var whole: [String: [UInt8]] = [:]
  private let progress: WritingProgress?

  /// The path of the target.
  public var path: String { output.path }
  /// The bytes of tensors written so far.
  public var bytesWritten: Int { ledger.bytesWritten }
  /// The bytes of tensors that the finished model holds.
  public var bytesTotal: Int { ledger.bytesTotal }

  /// Begins a model: lays it out, checks the free space and writes everything but the tensors.
  ///
  /// - Parameters:
  ///   - path: The target; a symbolic link is followed, and what it leads to replaced.
  ///   - input: The model that gives all the rest; all its tensors are to be written.
  ///   - metadata: Text for `metadata_props`, that of the input among it.
  ///   - replacing: Whether an existing file may be replaced.
  ///   - progress: Called after each block; may throw to stop.
  /// - Throws: ``CheckpointError`` where metadata of the input would change, and where the system refuses to create the
  ///   files or has no space for them.
  public init(
    path: String, like input: ONNXFile, metadata: CheckpointMetadata = [:], replacing: Bool = true,
    progress: WritingProgress? = nil
  ) throws(CheckpointError) {
    let plan = try ONNXPlan(input, path: path, metadata: metadata)
    self.input = input
    self.progress = progress
    self.metadata = plan.added
    metadataPlace = plan.metadataPlace
    ledger = WritingLedger(input.tensors, file: path)
    output = try ONNXOutput(path: path, image: plan.image, data: plan.data, slots: plan.slots, replacing: replacing)
    do throws(CheckpointError) { try copyRest() } catch {
      output.discard()
      throw error
    }
  }

  /// Copies what no tensor is written over: entries that are not read here, and what else files of data hold.
  private func copyRest() throws(CheckpointError) {
    let skeleton = input.skeleton
    let streamed = Set(input.payloadNumbers.values)
    for (number, payload) in skeleton.payloads.enumerated() where payload.field != nil && !streamed.contains(number) {
      try output.copy(FilePart(file: skeleton.files[0], range: payload.range), to: number, at: 0)
    }
    for (file, mapped) in skeleton.files.enumerated().dropFirst() {
      var place = 0
      func copy(to end: Int) throws(CheckpointError) {
        if end > place { try output.copy(FilePart(file: mapped, range: place..<end), toFile: file, at: place) }
      }
      let taken = streamed.map { skeleton.payloads[$0] }.filter { $0.file == file }.map(\.range)
      for range in taken.sorted(by: { $0.lowerBound < $1.lowerBound }) {
        try copy(to: range.lowerBound)
        place = max(place, range.upperBound)
      }
      try copy(to: mapped.size)
    }
  }

  /// The payload of a tensor; nil where it has no entries, or ones that must be seen as a whole.
  private func payload(_ name: String) -> (number: Int, isWhole: Bool)? {
    input.payloadNumbers[name].map { ($0, input.skeleton.payloads[$0].encoding == .varints) }
  }

  /// Appends a block to the tensor called `name`; see ``TensorStoreWriter/append(_:to:)``.
  public func append(_ block: UnsafeRawBufferPointer, to name: String) throws {
    let place = try ledger.place(name, count: block.count)
    if let payload = payload(name) {
      if payload.isWhole {
        whole[name, default: []].append(contentsOf: block)
      } else {
        try output.write(block, to: payload.number, at: place.written)
      }
    }
    ledger.add(block.count, to: place.index)
    try progress?(bytesWritten, bytesTotal)
  }

  package func append(_ part: FilePart, to name: String) throws {
    let place = try ledger.place(name, count: part.range.count)
    if let payload = payload(name) {
      if payload.isWhole {
        whole[name, default: []].append(contentsOf: try part.file.contents(part.range))
      } else {
        try output.copy(part, to: payload.number, at: place.written)
      }
    }
    ledger.add(part.range.count, to: place.index)
    try progress?(bytesWritten, bytesTotal)
  }

  /// Writes other metadata of the same length; see ``TensorStoreWriter/replaceMetadata(_:)``.
  public func replaceMetadata(_ values: CheckpointMetadata) throws(CheckpointError) {
    let changed = metadata.merging(values.filter { metadata[$0.key] != nil }) { _, new in new }
    let texts = [metadata, changed].map(ONNXPlan.bytes)
    guard texts[0].count == texts[1].count else {
      throw .otherMetadata(path, expected: texts[0].count, found: texts[1].count)
    }
    try output.overwrite(texts[1], at: metadataPlace)
    metadata = changed
  }

  /// Puts the complete model in place of its target; see ``TensorStoreWriter/finish()``.
  public func finish() throws(CheckpointError) {
    try ledger.checkComplete()
    for (name, entries) in whole {
      guard let number = input.payloadNumbers[name], let type = input[name]?.type else { continue }
      let before = try input.file.contents(input.skeleton.payloads[number].range)
      let outcome: Result<[UInt8], CheckpointError> = entries.withUnsafeBytes { entries in
        do throws(CheckpointError) {
          return .success(try ONNXIntegers.patched(before, with: entries, as: type, name: name, file: path))
        } catch { return .failure(error) }
      }
      let bytes = try outcome.get()
      let written: Result<Void, CheckpointError> = bytes.withUnsafeBytes { bytes in
        do throws(CheckpointError) { return .success(try output.write(bytes, to: number, at: 0)) } catch {
          return .failure(error)
        }
      }
      try written.get()
    }
    try output.commit()
  }

  /// Deletes what was written; the target stays as it was.
  public func cancel() { output.discard() }
}
