import OrderedCollections

/// Writes a `.pt2` out of another: weights exchanged, everything else as it was, byte for byte.
///
/// A weight that keeps its name, type and shape stays where it lies, with its strides and with whatever shares its
/// storage: of tensors that share one, each brings in the entries that it has changed, so that pruning one of two tied
/// weights prunes both. Weights that are new or have another shape get a storage of their own. Like every writer here it
/// works beside its target and takes its place in one step at the end.
public final class PT2Writer: TensorStoreWriter {
  private let file: AtomicFile
  private let input: PT2File
  private let plan: PT2Plan
  private var layout: ZipLayout
  private var ledger: WritingLedger
  private var checksums: [Int: CRC32] = [:]
  /// Storages that are shared or strided, whole, by member.
  private var patched: [Int: [UInt8]] = [:]
  private let progress: WritingProgress?

  /// The path of the target.
  public var path: String { file.target }
  /// The bytes of tensors written so far.
  public var bytesWritten: Int { ledger.bytesWritten }
  /// The bytes of tensors that the finished file holds.
  public var bytesTotal: Int { ledger.bytesTotal }

  /// Begins a file: lays it out, checks the free space and writes everything but the weights.
  ///
  /// - Parameters:
  ///   - path: the target; a symbolic link is replaced, not followed.
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
  public init(
    path: String, like input: PT2File, tensors: [TensorSpec], origins: [String: String] = [:],
    sharing: [String: String] = [:], members: [String: [UInt8]] = [:], metadata: CheckpointMetadata = [:],
    replacing: Bool = true,
    progress: WritingProgress? = nil
  ) throws(CheckpointError) {
    let plan = try PT2Plan(
      input, tensors: tensors, origins: origins, sharing: sharing, members: members, metadata: metadata, file: path)
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
    self.layout = layout
    self.progress = progress
    ledger = WritingLedger(
      tensors.filter { sharing[$0.name] == nil }.map { tensor in
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

  /// Writes a member that holds no weight.
  private func writeFixed(_ index: Int) throws(CheckpointError) {
    let start = layout.members[index].dataOffset
    var checksum = CRC32()
    switch plan.members[index].content {
    case .bytes(let bytes):
      try file.write(bytes, at: start)
      bytes.withUnsafeBytes { checksum.add($0) }
    case .copy(let range):
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: min(1 << 20, max(range.count, 1)), alignment: 64)
      defer { memory.deallocate() }
      var offset = 0
      while offset < range.count {
        let block = UnsafeMutableRawBufferPointer(rebasing: memory[..<min(memory.count, range.count - offset)])
        try input.archive.file.read(at: range.lowerBound + offset, into: block)
        checksum.add(UnsafeRawBufferPointer(block))
        try file.write(UnsafeRawBufferPointer(block), at: start + offset)
        offset += block.count
      }
    case .stream, .patch: return
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
    var storage = patched.removeValue(forKey: member) ?? input.archive.file.bytes(range)
    let origin = tensor.byteRange.lowerBound - range.lowerBound
    var places = StridedPlaces(tensor, from: start / width)
    input.archive.file.withBytes(range) { before in
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

  /// Puts the complete file in place of its target; see ``TensorStoreWriter/finish()``.
  public func finish() throws(CheckpointError) {
    try ledger.checkComplete()
    for (index, member) in plan.members.enumerated() {
      switch member.content {
      case .stream: layout.setChecksum((checksums[index] ?? CRC32()).value, of: index)
      case .patch(let range):
        let bytes = patched[index] ?? input.archive.file.bytes(range)
        try file.write(bytes, at: layout.members[index].dataOffset)
        layout.setChecksum(CRC32.checksum(bytes), of: index)
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
