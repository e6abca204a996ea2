extension SparseBitmask {
  /// The endings of the four tensors that stand for one, and of the fifth where there are negative zeros.
  enum Part: String, CaseIterable {
    case shape, compressed, bitmask
    case rowOffsets = "row_offsets"
    case negativeZeros = "negative_zeros"
  }

  /// The ending of the names that the layout packs; the others stand in its place.
  static let weightSuffix = ".weight"

  /// What packing does to a checkpoint.
  public struct Plan {
    /// The tensors to write, in order: four or five for each packed one, in its place; the others as they are.
    public var sources: [TensorSource]
    /// The names of the dense tensors that are packed.
    public var packed: [String]
    /// The bytes of all tensors as they are.
    public var denseByteCount: Int
    /// The bytes of all tensors once packed.
    public var packedByteCount: Int
  }

  /// Plans the packing of a checkpoint: each tensor called `....weight` that becomes smaller by it.
  ///
  /// Reads every candidate once, in blocks, to count what is kept; the sources read it again, in blocks, while they are
  /// written. Memory: 16 bytes for each row of the tensors that are packed, and blocks.
  ///
  /// - Parameters:
  ///   - checkpoint: the dense checkpoint.
  ///   - progress: called with the bytes of candidates counted and their total; may throw to stop.
  /// - Throws: ``CheckpointError`` where reading fails, and what `progress` throws.
  public static func plan(packing checkpoint: Checkpoint, progress: WritingProgress? = nil) throws -> Plan {
    let names = Set(checkpoint.tensors.map(\.name))
    let candidates = Set(
      checkpoint.tensors.filter { tensor in
        guard tensor.name.hasSuffix(weightSuffix), Layout(type: tensor.type, shape: tensor.shape) != nil else {
          return false
        }
        return Part.allCases.allSatisfy { !names.contains(name(of: $0, for: tensor.name)) }
      }.map(\.name))
    let total = checkpoint.tensors.reduce(0) { $0 + (candidates.contains($1.name) ? $1.byteCount : 0) }
    var plan = Plan(sources: [], packed: [], denseByteCount: 0, packedByteCount: 0)
    var done = 0
    for tensor in checkpoint.tensors {
      plan.denseByteCount += tensor.byteCount
      var parts: [TensorSource]?
      if candidates.contains(tensor.name), let layout = Layout(type: tensor.type, shape: tensor.shape) {
        var counter = BitmaskCounter(layout)
        try checkpoint.forEachBlock(of: tensor.name, size: blockSize(layout)) { block, _ in
          counter.add(UnsafeRawBufferPointer(block))
          done += block.count
          try progress?(done, total)
        }
        parts = sources(packing: tensor, of: checkpoint, layout: layout, counter: counter)
      }
      let size = parts.map(byteCount)
      if let parts, let size, size < tensor.byteCount {
        plan.sources += parts
        plan.packed.append(tensor.name)
        plan.packedByteCount += size
      } else {
        plan.sources.append(checkpoint.source(of: tensor))
        plan.packedByteCount += tensor.byteCount
      }
    }
    return plan
  }

  static func name(of part: Part, for name: String) -> String {
    "\(name.dropLast(weightSuffix.count)).\(part.rawValue)"
  }

  private static func byteCount(_ sources: [TensorSource]) -> Int {
    sources.reduce(0) { $0 + ($1.spec.type.byteCount(shape: $1.spec.shape) ?? 0) }
  }

  /// A block of whole elements, about 4 MiB.
  static func blockSize(_ layout: Layout) -> Int { (4 << 20) / layout.width * layout.width }

  private static func sources(
    packing tensor: TensorInfo, of checkpoint: Checkpoint, layout: Layout, counter: BitmaskCounter
  ) -> [TensorSource] {
    let size = blockSize(layout)
    func bits(_ part: Part, _ selection: BitmaskSelection) -> TensorSource {
      TensorSource(
        name: name(of: part, for: tensor.name), type: .u8, shape: [layout.rows, layout.rowBytes]
      ) { consume in
        var bits = BitmaskBits(selection, layout)
        try checkpoint.forEachBlock(of: tensor.name, size: size) { block, _ in
          try bits.pack(UnsafeRawBufferPointer(block)).withUnsafeBytes(consume)
        }
      }
    }
    let sources = [
      TensorSource(
        name: name(of: .shape, for: tensor.name), type: .i64, shape: [tensor.shape.count],
        elements: tensor.shape.map { Int64($0).littleEndian }),
      TensorSource(name: name(of: .compressed, for: tensor.name), type: tensor.type, shape: [counter.total]) {
        consume in
        try checkpoint.forEachBlock(of: tensor.name, size: size) { block, _ in
          try layout.values(of: UnsafeRawBufferPointer(block)).withUnsafeBytes(consume)
        }
      },
      bits(.bitmask, .kept),
      TensorSource(name: name(of: .rowOffsets, for: tensor.name), type: .i64, shape: [layout.rows]) { consume in
        try counter.rowOffsets.map(\.littleEndian).withUnsafeBytes(consume)
      },
    ]
    return counter.negativeZeros > 0 ? sources + [bits(.negativeZeros, .negativeZeros)] : sources
  }
}
