import OrderedCollections

/// Writes PyTorch files in the zip layout, as `torch.save(state_dict)` does: `torch.load(weights_only=True)` reads them.
///
/// Tensors keep the order given and are contiguous, each on a storage of its own. Like every writer here it works beside
/// its target and takes its place in one step at the end.
public final class PyTorchWriter: TensorStoreWriter {
  /// The size of the finished file in bytes.
  public let size: Int

  private let file: AtomicFile
  private var ledger: WritingLedger
  private var layout: ZipLayout
  private let firstStorage: Int
  private var metadata: CheckpointMetadata
  private var checksums: [CRC32]
  private let progress: WritingProgress?

  /// The path of the target.
  public var path: String { file.target }
  /// The tensors, in the order given, with the place of each in the file.
  public var tensors: [TensorInfo] { ledger.tensors }
  /// The bytes of tensors written so far.
  public var bytesWritten: Int { ledger.bytesWritten }
  /// The bytes of tensors that the finished file holds.
  public var bytesTotal: Int { ledger.bytesTotal }

  /// Begins a file: lays it out, checks the free space and writes everything but the tensors.
  ///
  /// - Parameters:
  ///   - path: the target; a symbolic link is followed, and what it leads to replaced.
  ///   - tensors: name, element type and shape of each tensor that will be written.
  ///   - metadata: text kept in a member of its own, `extra/bonsai_metadata.json`; PyTorch ignores it.
  ///   - moduleVersions: versions of modules by their path, for `state_dict()._metadata`.
  ///   - replacing: whether an existing file may be replaced.
  ///   - progress: called after each block; may throw to stop.
  /// - Throws: ``CheckpointError`` for a name given twice, element types that PyTorch does not have (F4, F6), shapes
  ///   without a whole number of bytes, and where the system refuses to create the file or has no space for it.
  public init(
    path: String, tensors: [TensorSpec], metadata: CheckpointMetadata = [:],
    moduleVersions: OrderedDictionary<String, Int> = [:], replacing: Bool = true, progress: WritingProgress? = nil
  ) throws(CheckpointError) {
    func failure(_ expected: String, _ found: String, _ advice: String) -> CheckpointError {
      CheckpointError(
        .invalidArgument, "lay out PyTorch file", file: path, expected: expected, found: found, advice: advice)
    }
    var names = Set<String>()
    for tensor in tensors where !names.insert(tensor.name).inserted {
      throw failure("each tensor name once", "\(CheckpointError.quote(tensor.name)) twice", "rename one of the tensors")
    }
    let pickle = try PickleWriter.stateDict(tensors, moduleVersions: moduleVersions, file: path)
    var members: [(name: String, bytes: [UInt8])] = [
      ("data.pkl", pickle), ("byteorder", Array("little".utf8)), ("version", Array("3\n".utf8)),
    ]
    if !metadata.isEmpty { members.append((Self.metadataMember, Self.text(of: metadata))) }

    var layout = ZipLayout()
    var infos: [TensorInfo] = []
    for member in members { _ = layout.add("archive/\(member.name)", size: member.bytes.count) }
    firstStorage = members.count
    for (number, tensor) in tensors.enumerated() {
      guard let count = tensor.type.byteCount(shape: tensor.shape), layout.add("archive/data/\(number)", size: count),
        let place = layout.members.last
      else {
        throw failure(
          "a shape with a whole number of bytes below 2^63",
          "\(tensor.type) \(tensor.shape) for \(CheckpointError.quote(tensor.name))", "check the shape")
      }
      infos.append(
        TensorInfo(
          name: tensor.name, type: tensor.type, shape: tensor.shape,
          byteRange: place.dataOffset..<place.dataOffset + count))
    }
    for (index, member) in members.enumerated() { layout.setChecksum(CRC32.checksum(member.bytes), of: index) }
    self.layout = layout
    self.metadata = metadata
    self.progress = progress
    ledger = WritingLedger(infos, file: path)
    checksums = Array(repeating: CRC32(), count: tensors.count)
    size = layout.directoryOffset + layout.directory().count
    file = try AtomicFile(target: path, size: size, replacing: replacing)
    do throws(CheckpointError) {
      for (index, member) in members.enumerated() { try file.write(member.bytes, at: layout.members[index].dataOffset) }
    } catch {
      file.discard()
      throw error
    }
  }

  /// Appends a block to the tensor called `name`; see ``TensorStoreWriter/append(_:to:)``.
  public func append(_ block: UnsafeRawBufferPointer, to name: String) throws {
    let place = try ledger.place(name, count: block.count)
    try file.write(block, at: ledger.tensors[place.index].byteRange.lowerBound + place.written)
    checksums[place.index].add(block)
    ledger.add(block.count, to: place.index)
    try progress?(bytesWritten, bytesTotal)
  }

  /// Writes other metadata of the same length; see ``TensorStoreWriter/replaceMetadata(_:)``.
  public func replaceMetadata(_ values: CheckpointMetadata) throws(CheckpointError) {
    metadata.merge(values) { _, new in new }
    try layout.replace("archive/\(Self.metadataMember)", with: metadata, in: file)
  }

  /// Puts the complete file in place of its target; see ``TensorStoreWriter/finish()``.
  public func finish() throws(CheckpointError) {
    try ledger.checkComplete()
    for (number, checksum) in checksums.enumerated() { layout.setChecksum(checksum.value, of: firstStorage + number) }
    for (index, member) in layout.members.enumerated() {
      try file.write(layout.header(index), at: member.headerOffset)
    }
    try file.write(layout.directory(), at: layout.directoryOffset)
    try file.commit()
  }

  /// Deletes what was written; the target stays as it was.
  public func cancel() { file.discard() }

  /// Writes a whole file; parameters as the initializer's, the bytes of each source asked for once, in order.
  ///
  /// - Throws: ``CheckpointError``, and whatever a source or `progress` throws; the target is untouched then.
  public static func write(
    _ sources: [TensorSource], metadata: CheckpointMetadata = [:],
    moduleVersions: OrderedDictionary<String, Int> = [:], to path: String, replacing: Bool = true,
    progress: WritingProgress? = nil
  ) throws {
    let writer = try PyTorchWriter(
      path: path, tensors: sources.map(\.spec), metadata: metadata, moduleVersions: moduleVersions,
      replacing: replacing, progress: progress)
    try writer.writeAll(sources)
  }
}

extension PyTorchWriter {
  static let metadataMember = "extra/bonsai_metadata.json"

  static func text(of metadata: CheckpointMetadata) -> [UInt8] {
    let members = metadata.map { "\(JSONText.string($0.key)): \(JSONText.string($0.value))" }
    return Array("{\(members.joined(separator: ", "))}\n".utf8)
  }

  /// The metadata out of such a member; empty where it is nothing of ours.
  static func metadata(_ bytes: [UInt8]) -> CheckpointMetadata {
    var scanner = JSONScanner(bytes)
    var metadata: CheckpointMetadata = [:]
    do throws(JSONScanner.Fault) {
      try scanner.object { (scanner, key) throws(JSONScanner.Fault) in metadata[key] = try scanner.string() }
    } catch {
      return [:]
    }
    return metadata
  }
}
