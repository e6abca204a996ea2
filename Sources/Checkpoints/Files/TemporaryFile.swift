#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file without a name in `TMPDIR` or `/tmp` that is written once and then read; it is gone with its last user, however
/// the process ends.
final class TemporaryFile {
  private var descriptor: Int32
  private let original: String
  /// The bytes written so far.
  private(set) var size = 0

  /// Begins a file.
  ///
  /// - Parameters:
  ///   - size: The final size: too little free space is an error at once.
  ///   - original: The file whose content it takes, for messages.
  init(size: Int, for original: String) throws(CheckpointError) {
    self.original = original
    let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    try AtomicFile.checkSpace(size, in: directory, for: directory)
    var template = Array("\(directory)/bonsai-XXXXXX".utf8CString)
    descriptor = mkstemp(&template)
    guard descriptor >= 0 else {
      throw CheckpointError(
        .cannotWrite, "unpack", file: original, expected: "a temporary file in \(directory)",
        found: "\"\(System.lastError())\"", advice: "set TMPDIR to a directory that can be written to")
    }
    unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Appends a block.
  func append(_ block: UnsafeRawBufferPointer) throws(CheckpointError) {
    guard block.isEmpty || System.write(descriptor, at: size, block) else {
      throw CheckpointError(
        .cannotWrite, "unpack", file: original, expected: "space for a temporary file",
        found: "\"\(System.lastError())\"", advice: "set TMPDIR to a directory with more space")
    }
    size += block.count
  }

  /// Appends a part of another file, in blocks.
  func append(_ file: MappedFile, _ range: Range<Int>) throws(CheckpointError) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: min(max(range.count, 1), 1 << 20), alignment: 64)
    defer { memory.deallocate() }
    var offset = range.lowerBound
    while offset < range.upperBound {
      let block = UnsafeMutableRawBufferPointer(rebasing: memory[..<min(memory.count, range.upperBound - offset)])
      try file.read(at: offset, into: block)
      try append(UnsafeRawBufferPointer(block))
      offset += block.count
    }
  }

  /// The file for reading, under the name of the original in messages. Nothing can be appended afterwards.
  func mapped() throws(CheckpointError) -> MappedFile {
    let descriptor = self.descriptor
    self.descriptor = -1
    return try MappedFile(adopting: descriptor, path: original)
  }
}
