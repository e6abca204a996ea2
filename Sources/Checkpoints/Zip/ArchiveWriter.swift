import OrderedCollections

/// Writes a zip archive of tensors out of another: tensors exchanged, everything else as it was, byte for byte.
///
/// For exported models (`.pt2`), and for PyTorch files whose other content is kept. A tensor that keeps its name, type and
/// shape stays where it lies, with its strides and with whatever shares its storage: of tensors that share one, each
/// brings in the entries that it has changed, so that pruning one of two tied weights prunes both. Weights that are new
/// or have another shape get a storage of their own. Like every writer here it works beside its target and takes its
/// place in one step at the end.
public final class ArchiveWriter: TensorStoreWriter {
  private let file: AtomicFile
  private let input: MappedFile
  private let plan: ArchivePlan
  private var metadata: CheckpointMetadata
  private var layout: ZipLayout
  private var ledger: WritingLedger
  private var checksums: [Int: CRC32] = [:]
  /// Storages with strided tensors, whole, by member.
  private var patched: [Int: [UInt8]] = [:]
  private let progress: WritingProgress?

  /// The path of the target.
  public var path: String { file.target }
  /// The bytes of tensors written so far.
  public var bytesWritten: Int { ledger.bytesWritten }
  /// The bytes of tensors that the finished file holds.
  public var bytesTotal: Int { ledger.bytesTotal }

  /// Begins a `.pt2`: lays it out, checks the free space and writes everything but the weights.
  ///
  /// - Parameters:
  ///   - path: the target; a symbolic link is followed, and what it leads to replaced.
  ///   - input: the archive that gives all the rest.
  ///   - tensors: the weights that will be written, in the order of the state dict; those of `input` that are not among
  ///     them are left out.
  ///   - origins: for weights under new names, those of `input` whose kind (parameter or buffer) they take.
  ///   - sharing: for weights that lie in the storage of another, that other one, which comes before them and is new or of
  ///     another shape than in `input`; their bytes are not handed over.
  ///   - members: members of the archive to write in place of the input's, by path without the root: the graph.
  ///   - metadata: text kept in `extra/bonsai_metadata.json`, where there is any.
  ///   - replacing: whether an existing file may be replaced.
  ///   - progress: called after each block; may throw to stop.
  /// - Throws: ``CheckpointError`` for a name given twice, types that exported models do not have, and where the system
  ///   refuses to create the file or has no space for it.
  public convenience init(
    path: String, like input: PT2File, tensors: [TensorSpec], origins: [String: String] = [:],
    sharing: [String: String] = [:], members: [String: [UInt8]] = [:], metadata: CheckpointMetadata = [:],
    replacing: Bool = true,
    progress: WritingProgress? = nil
  ) throws(CheckpointError) {
    let plan = try ArchivePlan(
      input, tensors: tensors, origins: origins, sharing: sharing, members: members, metadata: metadata, file: path)
    // A tensor that shares another's storage is written with it.
    let own = tensors.filter { sharing[$0.name] == nil }
    try self.init(path: path, input.archive.file, plan, own, replacing: replacing, progress: progress)
  }

  /// Begins a PyTorch file that holds all that another holds, byte for byte but for the tensors' values.
  ///
  /// - Parameters:
  ///   - path: the target; a symbolic link is followed, and what it leads to replaced.
  ///   - input: the file that gives all the rest: the pickle, the optimizer's state, storages that are not read.
  ///   - metadata: text kept in `extra/bonsai_metadata.json`, where there is any.
  ///   - replacing: whether an existing file may be replaced.
  ///   - progress: called after each block; may throw to stop.
  /// - Throws: ``CheckpointError`` for a file of another layout than PyTorch's zip archive, stored, and where the system
  ///   refuses to create the file or has no space for it.
  public convenience init(
    path: String, keepingRestOf input: PyTorchFile, metadata: CheckpointMetadata = [:], replacing: Bool = true,
    progress: WritingProgress? = nil
  ) throws(CheckpointError) {
    let plan = try ArchivePlan(keepingRestOf: input, metadata: metadata)
    try self.init(path: path, input.file, plan, input.tensors.map(\.spec), replacing: replacing, progress: progress)
  }

  private init(
    path: String, _ input: MappedFile, _ plan: ArchivePlan, _ tensors: [TensorSpec], replacing: Bool,
    progress: WritingProgress?
  ) throws(CheckpointError) {
    var layout = ZipLayout()
    for member in plan.members {
      guard layout.add(member.name, size: member.size) else {
        throw CheckpointError(
          .invalidArgument, "lay out", file: path, expected: "less than 2^62 bytes", found: "more",
          advice: "check the shapes")
      }
    }
    self.input = input
    self.plan = plan
    metadata = plan.metadata
    self.layout = layout
    self.progress = progress
    ledger = WritingLedger(
      tensors.map { tensor in
        let start = layout.members[plan.places[tensor.name]?.member ?? 0].dataOffset
        let count = tensor.type.byteCount(shape: tensor.shape) ?? 0
        return TensorInfo(name: tensor.name, type: tensor.type, shape: tensor.shape, byteRange: start..<start + count)
      }, file: path)
    file = try AtomicFile(target: path, size: layout.directoryOffset + layout.directory().count, replacing: replacing)
    do throws(CheckpointError) {
      for index in plan.members.indices { try writeFixed(index) }
    } catch {
      file.discard()
      throw error
    }
  }

  /// Writes what a member has of the input.
  private func writeFixed(_ index: Int) throws(CheckpointError) {
    let start = layout.members[index].dataOffset
    switch plan.members[index].content {
    case .bytes(let bytes):
      try file.write(bytes, at: start)
      layout.setChecksum(CRC32.checksum(bytes), of: index)
    case .copy(let range):
      try file.copy(FilePart(file: input, range: range), at: start)
      try sum(index)
    case .patch(let range): try file.copy(FilePart(file: input, range: range), at: start)
    case .stream: break
    }
  }

  /// Takes the checksum of a member's bytes as they are written.
  private func sum(_ index: Int) throws(CheckpointError) {
    let member = layout.members[index]
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: min(1 << 20, max(member.size, 1)), alignment: 64)
    defer { memory.deallocate() }
    var checksum = CRC32()
    for start in stride(from: 0, to: member.size, by: memory.count) {
      let block = UnsafeMutableRawBufferPointer(rebasing: memory[..<min(memory.count, member.size - start)])
      try file.read(at: member.dataOffset + start, into: block)
      checksum.add(UnsafeRawBufferPointer(block))
    }
    layout.setChecksum(checksum.value, of: index)
  }

  /// Appends a block to the weight called `name`; see ``TensorStoreWriter/append(_:to:)``.
  public func append(_ block: UnsafeRawBufferPointer, to name: String) throws {
    let place = try ledger.place(name, count: block.count)
    guard let target = plan.places[name] else { return }
    if let original = target.patches {
      try patch(block, at: place.written, of: original, member: target.member)
    } else {
      try file.write(block, at: layout.members[target.member].dataOffset + place.written)
      checksums[target.member, default: CRC32()].add(block)
    }
    ledger.add(block.count, to: place.index)
    try progress?(bytesWritten, bytesTotal)
  }

  /// Puts those entries of a block into a shared or strided storage that differ from the input's.
  private func patch(
    _ block: UnsafeRawBufferPointer, at start: Int, of tensor: TensorInfo, member: Int
  ) throws(CheckpointError) {
    guard case .patch(let range) = plan.members[member].content, let width = tensor.type.byteCount else { return }
    guard start % width == 0, block.count % width == 0 else {
      throw CheckpointError(
        .invalidArgument, "write tensor \(CheckpointError.quote(tensor.name)) to", file: path,
        expected: "blocks of whole elements", found: "\(block.count) bytes", advice: "hand over whole elements")
    }
    if tensor.strides == nil, patched[member] == nil {
      let place = tensor.byteRange.lowerBound - range.lowerBound + start
      return try replace(block, at: layout.members[member].dataOffset + place, before: range.lowerBound + place, width)
    }
    var storage = patched.removeValue(forKey: member) ?? []
    if storage.isEmpty { storage = try file.bytes(at: layout.members[member].dataOffset, count: range.count) }
    let origin = tensor.byteRange.lowerBound - range.lowerBound
    var places = StridedPlaces(tensor, from: start / width)
    input.withBytes(range) { before in
      storage.withUnsafeMutableBytes { storage in
        for element in 0..<block.count / width {
          let place = origin + places.next() * width
          let new = UnsafeRawBufferPointer(rebasing: block[element * width..<(element + 1) * width])
          if !new.elementsEqual(before[place..<place + width]) {
            UnsafeMutableRawBufferPointer(rebasing: storage[place..<place + width]).copyMemory(from: new)
          }
        }
      }
    }
    patched[member] = storage
  }

  /// Puts those entries of a block in place that differ from the input's; side by side in both files.
  private func replace(
    _ block: UnsafeRawBufferPointer, at place: Int, before: Int, _ width: Int
  ) throws(CheckpointError) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * block.count, alignment: 64)
    defer { memory.deallocate() }
    let old = UnsafeMutableRawBufferPointer(rebasing: memory[..<block.count])
    let new = UnsafeMutableRawBufferPointer(rebasing: memory[block.count...])
    try input.read(at: before, into: old)
    try file.read(at: place, into: new)
    for start in stride(from: 0, to: block.count, by: width) {
      let entry = UnsafeRawBufferPointer(rebasing: block[start..<start + width])
      if !entry.elementsEqual(old[start..<start + width]) {
        UnsafeMutableRawBufferPointer(rebasing: new[start..<start + width]).copyMemory(from: entry)
      }
    }
    try file.write(UnsafeRawBufferPointer(new), at: place)
  }

  /// Writes other metadata of the same length; see ``TensorStoreWriter/replaceMetadata(_:)``.
  public func replaceMetadata(_ values: CheckpointMetadata) throws(CheckpointError) {
    metadata.merge(values) { _, new in new }
    try layout.replace(plan.metadataMember, with: metadata, in: file)
  }

  /// Puts the complete file in place of its target; see ``TensorStoreWriter/finish()``.
  public func finish() throws(CheckpointError) {
    try ledger.checkComplete()
    for (index, member) in plan.members.enumerated() {
      switch member.content {
      case .stream: layout.setChecksum((checksums[index] ?? CRC32()).value, of: index)
      case .patch:
        if let bytes = patched[index] { try file.write(bytes, at: layout.members[index].dataOffset) }
        try sum(index)
      default: break
      }
    }
    for (index, member) in layout.members.enumerated() {
      try file.write(layout.header(index), at: member.headerOffset)
    }
    try file.write(layout.directory(), at: layout.directoryOffset)
    try file.commit()
  }

  /// Deletes what was written; the target stays as it was.
  public func cancel() { file.discard() }
}

/// The places of a strided tensor's elements in its storage, one after the other in logical order.
private struct StridedPlaces {
  private let shape: [Int]
  private let strides: [Int]
  private var index: [Int]
  private var place = 0

  init(_ tensor: TensorInfo, from element: Int) {
    shape = tensor.shape
    if let given = tensor.strides {
      strides = given
    } else {
      var steps = [Int](repeating: 1, count: tensor.shape.count)
      for axis in tensor.shape.indices.dropLast().reversed() { steps[axis] = steps[axis + 1] * tensor.shape[axis + 1] }
      strides = steps
    }
    index = [Int](repeating: 0, count: shape.count)
    var rest = element
    for axis in shape.indices.reversed() where shape[axis] > 0 {
      index[axis] = rest % shape[axis]
      rest /= shape[axis]
      place += index[axis] * strides[axis]
    }
  }

  /// The place of the next element, in elements.
  mutating func next() -> Int {
    let result = place
    for axis in shape.indices.reversed() {
      index[axis] += 1
      place += strides[axis]
      if index[axis] < shape[axis] { break }
      place -= shape[axis] * strides[axis]
      index[axis] = 0
    }
    return result
  }
}
