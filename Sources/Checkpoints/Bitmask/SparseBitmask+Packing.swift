extension SparseBitmask.Plan {
  /// Writes the packed checkpoint: every tensor is read once, in blocks, and its parts are written side by side.
  ///
  /// - Parameters:
  ///   - format: the layout.
  ///   - path: the target.
  ///   - replacing: whether an existing checkpoint may be replaced.
  ///   - progress: called after each block with the bytes written; may throw to stop.
  /// - Throws: ``CheckpointError``, and what `progress` throws; the target is untouched then.
  public func write(
    as format: Checkpoint.OutputFormat = .safetensors, to path: String, replacing: Bool = true,
    progress: WritingProgress? = nil
  ) throws {
    let writer = try Checkpoint.writer(
      as: format, to: path, tensors: tensors, metadata: checkpoint.metadata(for: format),
      moduleVersions: checkpoint.moduleVersions,
      like: checkpoint, replacing: replacing, progress: progress)
    do {
      for step in steps { try write(step, to: writer) }
      try writer.finish()
    } catch {
      writer.cancel()
      throw error
    }
  }

  private func write(_ step: SparseBitmask.Step, to writer: any TensorStoreWriter) throws {
    guard case .pack(let tensor, let layout, _, let negativeZeros) = step else {
      guard case .copy(let tensor) = step else { return }
      try checkpoint.forEachBlock(of: tensor.name) { block, _ in
        try writer.append(UnsafeRawBufferPointer(block), to: tensor.name)
      }
      return
    }
    let scheme = SparseBitmask.Scheme(tensor)
    func append<Element: BitwiseCopyable>(_ elements: [Element], _ part: SparseBitmask.Part) throws {
      try elements.withUnsafeBytes { try writer.append($0, to: scheme.name(of: part, for: tensor.name)) }
    }
    try append(tensor.shape.map { Int64($0).littleEndian }, .shape)
    var kept = BitmaskBits(.kept, layout)
    var zeros = BitmaskBits(.negativeZeros, layout)
    var rows = BitmaskRowOffsets(layout)
    try checkpoint.forEachBlock(of: tensor.name, size: SparseBitmask.blockSize(layout)) { block, _ in
      let block = UnsafeRawBufferPointer(block)
      try append(layout.values(of: block), .compressed)
      try append(kept.pack(block), .bitmask)
      try append(rows.offsets(block), .rowOffsets)
      if negativeZeros > 0 { try append(zeros.pack(block), .negativeZeros) }
    }
  }
}
