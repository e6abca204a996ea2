extension ArchivePlan {
  /// A PyTorch file with everything that another holds: its pickle and all its storages where they are.
  ///
  /// - Throws: `CheckpointError` where the input is of another layout.
  init(keepingRestOf input: PyTorchFile, metadata: CheckpointMetadata) throws(CheckpointError) {
    func failure(_ found: String) -> CheckpointError {
      CheckpointError(
        .unsupported, "keep the rest of", file: input.path, expected: "PyTorch's zip archive, stored", found: found,
        advice: "load it in Python and save it again with a present torch.save, or leave the rest out")
    }
    guard input.layout == .zip else { throw failure("the \(input.layout.rawValue) layout") }
    guard input.data === input.file else { throw failure("deflated members") }
    let archive = try ZipArchive(input.file)
    let prefix = try PyTorchParts.prefix(of: archive)
    self.init(metadataMember: "\(prefix)/\(PyTorchWriter.metadataMember)")

    var ranges: [(range: Range<Int>, entry: Int)] = []
    for (number, entry) in archive.entries.enumerated() { ranges.append((try archive.range(of: entry), number)) }
    ranges.sort { $0.range.lowerBound < $1.range.lowerBound }
    // The tensors of each storage, by the number of its member.
    var holders: [Int: [TensorInfo]] = [:]
    for tensor in input.tensors where !tensor.byteRange.isEmpty {
      var (low, high) = (0, ranges.count)
      while low < high {
        let middle = (low + high) / 2
        if ranges[middle].range.upperBound <= tensor.byteRange.lowerBound { low = middle + 1 } else { high = middle }
      }
      guard low < ranges.count, ranges[low].range.lowerBound <= tensor.byteRange.lowerBound else {
        throw failure("a tensor outside of all members")
      }
      holders[ranges[low].entry, default: []].append(tensor)
    }
    for (number, entry) in archive.entries.enumerated() where entry.name != metadataMember {
      let range = try archive.range(of: entry)
      if let tensors = holders[number] {
        add(entry.name, storage: range, holding: tensors)
      } else {
        add(entry.name, size: range.count, .copy(range))
      }
    }
    add(metadata)
  }
}
