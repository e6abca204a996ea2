extension SparseBitmask {
  /// What packing does to a checkpoint.
  public struct Plan {
    /// The tensors to write, in order: four or five for each packed one, in its place; the others as they are.
    public let tensors: [TensorSpec]
    /// The names of the dense tensors that are packed.
    public let packed: [String]
    /// The bytes of all tensors as they are.
    public let denseByteCount: Int
    /// The bytes of all tensors once packed.
    public let packedByteCount: Int

    let checkpoint: Checkpoint
    let steps: [Step]
  }

  /// What becomes of one tensor.
  enum Step {
    case copy(TensorInfo)
    case pack(TensorInfo, Layout, kept: Int, negativeZeros: Int)

    /// What is written for it.
    var tensors: [TensorSpec] {
      guard case .pack(let tensor, let layout, let kept, let negativeZeros) = self else { return [spec] }
      func part(_ part: Part, _ type: StoredType, _ shape: [Int]) -> TensorSpec {
        TensorSpec(name: Scheme(tensor).name(of: part, for: tensor.name), type: type, shape: shape)
      }
      let bits = [layout.rows, layout.rowBytes]
      let parts = [
        part(.shape, .i64, [tensor.shape.count]), part(.compressed, tensor.type, [kept]), part(.bitmask, .u8, bits),
        part(.rowOffsets, .i64, [layout.rows]),
      ]
      return negativeZeros > 0 ? parts + [part(.negativeZeros, .u8, bits)] : parts
    }

    private var spec: TensorSpec {
      switch self {
      case .copy(let tensor), .pack(let tensor, _, _, _): tensor.spec
      }
    }
  }

  /// Plans the packing of a checkpoint: each tensor that becomes smaller by it; none where the file would not.
  ///
  /// Reads every candidate once, in blocks, to count what is kept; `Plan.write(to:)` reads everything once more.
  ///
  /// - Parameters:
  ///   - checkpoint: the dense checkpoint.
  ///   - keepsZeroSigns: whether -0.0, which PyTorch leaves where it prunes negative weights, stays -0.0. Without, it
  ///     becomes 0.0 in packed tensors, which saves a bit for each element of those tensors that have any.
  ///   - progress: called with the bytes of candidates counted and their total; may throw to stop.
  /// - Throws: ``CheckpointError`` where reading fails, and what `progress` throws.
  public static func plan(
    packing checkpoint: Checkpoint, keepsZeroSigns: Bool = true, progress: WritingProgress? = nil
  ) throws -> Plan {
    let candidates = candidates(checkpoint)
    let total = candidates.values.reduce(0) { $0 + $1.byteCount }
    var done = 0
    var packed: [String] = []
    var steps = try checkpoint.tensors.map { tensor in
      guard let layout = candidates[tensor.name] else { return Step.copy(tensor) }
      var counter = BitmaskCounter(layout)
      try checkpoint.forEachBlock(of: tensor.name, size: blockSize(layout)) { block, _ in
        counter.add(UnsafeRawBufferPointer(block))
        done += block.count
        try progress?(done, total)
      }
      let step = Step.pack(
        tensor, layout, kept: counter.total, negativeZeros: keepsZeroSigns ? counter.negativeZeros : 0)
      guard byteCount(step.tensors) < tensor.byteCount else { return .copy(tensor) }
      packed.append(tensor.name)
      return step
    }
    // Of many small tensors a header says more than they save.
    if fileSize(steps.flatMap(\.tensors)) >= fileSize(checkpoint.tensors.map(\.spec)) {
      (steps, packed) = (checkpoint.tensors.map { .copy($0) }, [])
    }
    let tensors = steps.flatMap(\.tensors)
    return Plan(
      tensors: tensors, packed: packed, denseByteCount: byteCount(checkpoint.tensors.map(\.spec)),
      packedByteCount: byteCount(tensors), checkpoint: checkpoint, steps: steps)
  }

  /// The tensors that could be packed: all but parts of packed ones and those whose parts' names are taken.
  private static func candidates(_ checkpoint: Checkpoint) -> [String: Layout] {
    var result: [String: Layout] = [:]
    for tensor in checkpoint.tensors where !isPart(tensor.name, of: checkpoint) {
      let scheme = Scheme(tensor)
      let isFree = Part.allCases.allSatisfy { checkpoint[scheme.name(of: $0, for: tensor.name)] == nil }
      if isFree { result[tensor.name] = Layout(type: tensor.type, shape: tensor.shape, scheme: scheme) }
    }
    return result
  }

  /// The bytes of tensors with what a header of safetensors says of each: its name, type, shape and place.
  private static func fileSize(_ tensors: [TensorSpec]) -> Int {
    tensors.reduce(byteCount(tensors)) { $0 + $1.name.utf8.count + 72 }
  }

  private static func byteCount(_ tensors: [TensorSpec]) -> Int {
    tensors.reduce(0) { $0 + ($1.type.byteCount(shape: $1.shape) ?? 0) }
  }

  /// A block of whole elements, about 4 MiB.
  static func blockSize(_ layout: Layout) -> Int { (4 << 20) / layout.width * layout.width }
}
