#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file opened read-only and mapped into memory, or bytes in memory that are read as a file is; closed and unmapped
/// when the last reference goes.
///
/// Two ways to the bytes: ``withBytes(_:_:)`` hands out the mapping without a copy, ``read(_:into:)`` copies a range
/// through `pread`. The second reports read errors as errors and leaves no mapped pages behind in the process, so the
/// streaming code uses it; a mapping of a file that someone else cuts short meanwhile stops the process (SIGBUS), as
/// with every reader that maps.
final class MappedFile: @unchecked Sendable {
  // Immutable after init, so safe to share between threads.
  let path: String
  let size: Int
  private let descriptor: Int32
  private let base: UnsafeRawPointer?
  /// Size and time of change as they were on opening; nil for bytes in memory.
  private let state: State?

  private struct State: Equatable {
    var size: Int
    var seconds: Int
    var nanoseconds: Int

    init?(_ descriptor: Int32) {
      var status = stat()
      guard descriptor >= 0, fstat(descriptor, &status) == 0 else { return nil }
      #if canImport(Darwin)
        let time = status.st_mtimespec
      #else
        let time = status.st_mtim
      #endif
      (size, seconds, nanoseconds) = (Int(status.st_size), Int(time.tv_sec), Int(time.tv_nsec))
    }
  }

  /// Opens and maps `path`.
  ///
  /// - Throws: `CheckpointError` where the file is absent, unreadable, a directory or no regular file.
  convenience init(path: String) throws(CheckpointError) {
    func failure(_ found: String, _ advice: String) -> CheckpointError {
      CheckpointError(
        .cannotRead, "open", file: path, expected: "a readable file", found: found, advice: advice)
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw failure("\"\(System.lastError())\"", "check the path and its permissions")
    }
    try self.init(adopting: descriptor, path: path)
  }

  /// Maps an open file, which is closed with this object, also where this throws.
  init(adopting descriptor: Int32, path: String) throws(CheckpointError) {
    func failure(_ found: String, _ advice: String) -> CheckpointError {
      CheckpointError(
        .cannotRead, "open", file: path, expected: "a readable file", found: found, advice: advice)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw failure("something else (a directory, a pipe or a device)", "name a file")
    }
    let size = Int(status.st_size)
    var base: UnsafeRawPointer?
    if size > 0 {
      guard let pointer = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), pointer != MAP_FAILED else {
        let reason = System.lastError()
        close(descriptor)
        throw failure("\"\(reason)\" on mapping \(size) bytes", "free address space or raise the limit (ulimit -v)")
      }
      base = UnsafeRawPointer(pointer)
    }
    self.path = path
    self.size = size
    self.descriptor = descriptor
    self.base = base
    state = State(descriptor)
  }

  /// Whether it is a file, not bytes in memory.
  var isOnDisk: Bool { descriptor >= 0 }

  /// Throws where the file has been written to since it was opened.
  func checkUnchanged() throws(CheckpointError) {
    guard descriptor >= 0, let state, state != State(descriptor) else { return }
    throw CheckpointError(
      .cannotRead, "read", file: path, expected: "a file that nobody changes meanwhile",
      found: "another size or time of change than on opening",
      advice: "wait until it is complete and try again; nothing was written")
  }

  /// Bytes in memory, called `name` in messages; they are copied.
  init(bytes: some Collection<UInt8>, name: String) {
    path = name
    size = bytes.count
    descriptor = -1
    state = nil
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    memory.copyBytes(from: bytes)
    base = UnsafeRawPointer(memory.baseAddress)
  }

  deinit {
    guard descriptor >= 0 else {
      base?.deallocate()
      return
    }
    if let base { munmap(UnsafeMutableRawPointer(mutating: base), size) }
    close(descriptor)
  }

  /// Hands out the bytes of a range without copying.
  ///
  /// - Precondition: the range lies within the file; readers check ranges out of files first.
  func withBytes<Result>(
    _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= size, "range outside the file")
    defer { withExtendedLifetime(self) {} }
    guard let base, !range.isEmpty else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    return try body(UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
  }

  /// Copies bytes from `offset` into `buffer`, through `pread`.
  ///
  /// - Throws: `CheckpointError` on a read error or where the file has become shorter than `offset + buffer.count`.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    guard !buffer.isEmpty else { return }
    guard descriptor >= 0 else {
      withBytes(offset..<offset + buffer.count) { buffer.copyMemory(from: $0) }
      return
    }
    guard let count = System.read(descriptor, at: offset, into: buffer) else {
      throw CheckpointError(
        .cannotRead, "read", file: path, expected: "\(buffer.count) bytes at offset \(offset)",
        found: "\"\(System.lastError())\"", advice: "check the disk or the network mount and try again")
    }
    guard count == buffer.count else {
      throw CheckpointError(
        .cannotRead, "read", file: path, expected: "\(buffer.count) bytes at offset \(offset)",
        found: "\(count) before the end of the file", advice: "the file was cut short while being read: try again")
    }
  }

  /// Copies a range into another file without its bytes passing through the process, where the system can do that.
  ///
  /// - Returns: How many bytes were copied: all, or fewer, whose rest is to be read and written.
  func copy(_ range: Range<Int>, to descriptor: Int32, at offset: Int) -> Int {
    self.descriptor < 0 ? 0 : System.copy(self.descriptor, range, to: descriptor, at: offset)
  }

  /// Copies a range into an array, through `pread`: no mapped pages stay behind in the process.
  func contents(_ range: Range<Int>) throws(CheckpointError) -> [UInt8] {
    var failure: CheckpointError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      do throws(CheckpointError) {
        try read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(buffer))
        count = range.count
      } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Copies a small range into an array.
  func bytes(_ range: Range<Int>) -> [UInt8] {
    withBytes(range) { [UInt8]($0) }
  }
}
