extension SparseBitmask {
  /// Whether a checkpoint holds packed tensors.
  public static func isPacked(_ checkpoint: Checkpoint) -> Bool {
    checkpoint.tensors.contains { group($0, of: checkpoint) != nil }
  }

  /// The dense tensors of a packed checkpoint, in the order before packing; those that are not packed as they are.
  ///
  /// Shapes and sizes are checked at once, bits and values while the tensors are written, in blocks.
  ///
  /// - Throws: ``CheckpointError`` of kind `damaged` where the parts of a tensor contradict each other. The sources throw
  ///   it too, for what only reading shows.
  public static func sources(unpacking checkpoint: Checkpoint) throws -> [TensorSource] {
    var sources: [TensorSource] = []
    for tensor in checkpoint.tensors {
      if let group = group(tensor, of: checkpoint) {
        sources.append(try source(unpacking: group, of: checkpoint))
      } else if !isPart(tensor.name, of: checkpoint) {
        sources.append(checkpoint.source(of: tensor))
      }
    }
    return sources
  }

  /// A packed checkpoint as a dense one, in a temporary file that goes with the last reference to it.
  ///
  /// - Throws: ``CheckpointError`` as ``sources(unpacking:)`` and its sources do, or where there is no space in `TMPDIR`; and
  ///   what `progress` throws.
  public static func unpackedTemporarily(
    _ checkpoint: Checkpoint, progress: WritingProgress? = nil
  ) throws -> Checkpoint {
    let sources = try sources(unpacking: checkpoint)
    let layout = try SafetensorsHeader.layOut(
      sources.map(\.spec), metadata: checkpoint.metadata, file: checkpoint.path)
    let tensors = layout.tensors
    let total = tensors.reduce(0) { $0 + $1.byteRange.count }
    let file = try TemporaryFile(size: layout.prefixCount + total, for: checkpoint.path)
    try layout.forEachPrefixPiece { try $0.withUnsafeBytes { try file.append($0) } }
    // Bytes go where the header says, which is widest first.
    let order = tensors.indices.sorted { tensors[$0].byteRange.lowerBound < tensors[$1].byteRange.lowerBound }
    for index in order {
      try sources[index].produce { block in
        try file.append(block)
        try progress?(file.size - layout.prefixCount, total)
      }
    }
    return Checkpoint(try SafetensorsFile(try file.mapped()))
  }

  /// The tensors that stand for one.
  struct Group {
    var name: String
    var scheme: Scheme
    var shape: TensorInfo
    var compressed: TensorInfo
    var bitmask: TensorInfo
    /// Nil for 2:4, whose rows keep half of their elements each.
    var rowOffsets: TensorInfo?
    var negativeZeros: TensorInfo?
  }

  /// The group that begins with the tensor called `....shape`.
  private static func group(_ tensor: TensorInfo, of checkpoint: Checkpoint) -> Group? {
    guard let (name, scheme) = Scheme.whole(.shape, named: tensor.name) else { return nil }
    func part(_ part: Part) -> TensorInfo? { checkpoint[scheme.name(of: part, for: name)] }
    guard let compressed = part(.compressed), let bitmask = part(.bitmask) else { return nil }
    let rowOffsets = part(.rowOffsets)
    guard rowOffsets != nil || scheme == .compressedTensors && compressed.shape.count == 2 else { return nil }
    return Group(
      name: name, scheme: scheme, shape: tensor, compressed: compressed, bitmask: bitmask, rowOffsets: rowOffsets,
      negativeZeros: part(.negativeZeros))
  }

  /// Whether a tensor is a part of a packed one.
  static func isPart(_ name: String, of checkpoint: Checkpoint) -> Bool {
    Part.allCases.contains { part in
      guard let (whole, scheme) = Scheme.whole(part, named: name) else { return false }
      return checkpoint[scheme.name(of: .shape, for: whole)].map { group($0, of: checkpoint) != nil } ?? false
    }
  }

  private static func source(unpacking group: Group, of checkpoint: Checkpoint) throws -> TensorSource {
    func damaged(_ expected: String, _ found: String) -> CheckpointError {
      .damaged(
        "unpack tensor \(CheckpointError.quote(group.name)) of", file: checkpoint.path, expected: expected,
        found: found,
        advice: "pack the dense file again")
    }
    // compressed-tensors writes a column for 2:4.
    let isVector = group.shape.shape.count == 1 || group.shape.shape.count == 2 && group.shape.shape[1] == 1
    guard group.shape.type == .i64, isVector, group.shape.elementCount <= 64 else {
      throw damaged("a shape as I64 of at most 64 dimensions", "\(group.shape.type) of shape \(group.shape.shape)")
    }
    let shape = try checkpoint.withBytes(of: group.shape.name) { bytes in
      (0..<group.shape.elementCount).map {
        Int(truncatingIfNeeded: Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)))
      }
    }
    let type = group.compressed.type
    guard let layout = Layout(type: type, shape: shape, scheme: group.scheme) else {
      throw damaged("a shape with a whole number of bytes below 2^63", "\(type) of shape \(shape)")
    }
    for bits in [group.bitmask, group.negativeZeros ?? group.bitmask] {
      guard bits.type == .u8, bits.byteCount == layout.bitmaskCount else {
        throw damaged("\(layout.bitmaskCount) bytes of bits for shape \(shape)", "\(bits.type) of \(bits.shape)")
      }
    }
    if let offsets = group.rowOffsets {
      guard offsets.type == .i64, offsets.elementCount == layout.rows else {
        throw damaged("\(layout.rows) row offsets", "\(offsets.type) of shape \(offsets.shape)")
      }
    } else {
      guard layout.columns % 4 == 0, group.compressed.shape == [layout.rows, layout.columns / 2] else {
        throw damaged(
          "2 of 4 values of shape \(shape): \([layout.rows, layout.columns / 2])", "\(group.compressed.shape)")
      }
    }
    return TensorSource(name: group.name, type: type, shape: shape) { consume in
      var expander = BitmaskExpander(group, layout: layout, checkpoint: checkpoint, damaged: damaged)
      try expander.run(consume)
    }
  }
}
