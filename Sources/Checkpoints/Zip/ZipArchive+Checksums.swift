extension ZipArchive {
  /// Reads every member in blocks, inflated where it is deflated, and compares it with its checksum.
  ///
  /// Archives written without checksums (`torch.serialization.set_crc32_options(False)`) are told by their member
  /// `version`, whose checksum does not fit either; for them nothing is compared and false returned.
  func verifyChecksums(progress: WritingProgress?) throws -> Bool {
    if let version = entries.first(where: { $0.name.hasSuffix("/version") && $0.size <= 64 }),
      CRC32.checksum(try contents(of: version, limit: 64)) != version.checksum
    {
      return false
    }
    let stored = entries.filter { [0, 8].contains($0.method) && !$0.isEncrypted }
    let ranges = try stored.map { try range(of: $0) }
    let total = ranges.reduce(0) { $0 &+ $1.count }
    var done = 0
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { memory.deallocate() }
    for (entry, range) in zip(stored, ranges) {
      var checksum = CRC32()
      if entry.method == 8 {
        try Inflation(entry, in: file, range).run { block throws(CheckpointError) in checksum.add(block) }
        done += range.count
        try progress?(done, total)
      }
      var offset = entry.method == 8 ? range.upperBound : range.lowerBound
      while offset < range.upperBound {
        let block = UnsafeMutableRawBufferPointer(rebasing: memory[..<min(memory.count, range.upperBound - offset)])
        try file.read(at: offset, into: block)
        checksum.add(UnsafeRawBufferPointer(block))
        offset += block.count
        done += block.count
        try progress?(done, total)
      }
      guard checksum.value == entry.checksum else {
        throw CheckpointError.damaged(
          "verify member \(CheckpointError.quote(entry.name)) of", file: file.path,
          expected: "checksum \(String(entry.checksum, radix: 16))", found: String(checksum.value, radix: 16))
      }
    }
    return true
  }
}
