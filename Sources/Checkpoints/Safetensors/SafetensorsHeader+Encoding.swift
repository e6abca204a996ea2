import OrderedCollections

extension SafetensorsHeader {
  /// Lays tensors out for writing: names in the header stay in the order given, bytes go by width of the element type,
  /// widest first (within a width in the order given), so that every tensor is aligned to its element.
  ///
  /// The header begins after the 8 bytes of its length and is padded with spaces to a multiple of 8, as the reference
  /// does.
  ///
  /// - Throws: `CheckpointError` for a name given twice, the reserved name `__metadata__`, a type that safetensors
  ///   does not have, a shape without a whole number of bytes, and a header or file beyond the format's limits.
  static func layOut(
    _ sources: [TensorSpec], metadata: CheckpointMetadata, file: String
  ) throws(CheckpointError) -> SafetensorsLayout {
    let operation = "lay out safetensors file"
    func failure(_ expected: String, _ found: String, _ advice: String) -> CheckpointError {
      CheckpointError(.invalidArgument, operation, file: file, expected: expected, found: found, advice: advice)
    }
    var seen = Set<String>()
    var sizes: [Int] = []
    for source in sources {
      let quoted = CheckpointError.quote(source.name)
      guard source.name != "__metadata__" else {
        throw failure("a tensor name", "the reserved \(quoted)", "rename the tensor")
      }
      guard seen.insert(source.name).inserted else {
        throw failure("each tensor name once", "\(quoted) twice", "rename one of the tensors")
      }
      guard source.type.isSafetensors else {
        throw failure(
          "element types of safetensors", "\(source.type) for \(quoted)", "write a PyTorch file or convert the tensor")
      }
      guard let size = source.type.byteCount(shape: source.shape) else {
        throw failure(
          "a shape with a whole number of bytes below 2^63", "\(source.type) \(source.shape) for \(quoted)",
          "check the shape")
      }
      sizes.append(size)
    }
    let order = sources.indices.sorted {
      (-sources[$0].type.bitWidth, $0) < (-sources[$1].type.bitWidth, $1)
    }
    var starts = [Int](repeating: 0, count: sources.count)
    var end = 0
    for index in order {
      starts[index] = end
      let (sum, overflow) = end.addingReportingOverflow(sizes[index])
      guard !overflow, sum <= Int.max - maximumLength - 16 else {
        throw failure("less than 2^63 bytes in total", "more", "split the tensors over several files")
      }
      end = sum
    }

    let tensors = sources.indices.map { index in
      let source = sources[index]
      return TensorInfo(
        name: source.name, type: source.type, shape: source.shape,
        byteRange: starts[index]..<starts[index] + sizes[index])
    }
    let layout = SafetensorsLayout(tensors, metadata: metadata)
    guard layout.prefixCount - 8 <= maximumLength else {
      throw failure(
        "a header of at most \(maximumLength) bytes", "\(layout.prefixCount - 8)",
        "write fewer tensors or less metadata a file")
    }
    return layout
  }

  /// The member of the metadata, with which a header begins; nil where there is none.
  static func text(of metadata: CheckpointMetadata) -> String? {
    guard !metadata.isEmpty else { return nil }
    let pairs = metadata.map { "\(JSONText.string($0.key)):\(JSONText.string($0.value))" }
    return "\"__metadata__\":{\(pairs.joined(separator: ","))}"
  }

  /// The place of that member in the file.
  static let metadataOffset = 9
}
