#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file being written beside its target, that takes the target's place in one step or not at all.
///
/// The bytes go to `.NAME.PID-RANDOM.bonsai-partial` in the target's directory; ``commit()`` syncs them, renames over
/// the target and syncs the directory. Without a commit (an error, a thrown closure, the end of the object's life) the
/// temporary file is deleted and the target untouched. A process killed in between leaves a temporary behind whose
/// lock is gone: the next write to the same target deletes it.
///
/// A target that is a symbolic link stays one, and the file that it leads to is replaced, as `cp` does it.
final class AtomicFile {
  let target: String
  /// Where the file goes: the target, or what it leads to.
  private let place: String
  private let directory: String
  private let temporary: String
  private var descriptor: Int32
  private let replacing: Bool
  private var madeDirectory = false
  private let early: EarlySync

  /// Begins a file that will be `target`.
  ///
  /// - Parameters:
  ///   - size: the final size where known: too little free space is then an error at once, before the work.
  ///   - replacing: whether an existing file may be replaced; otherwise that is an error, also when one appears later.
  ///   - makingDirectory: whether the directory is made where it is absent; without a commit it goes again.
  ///   - followingLinks: whether what a symbolic link leads to is replaced; otherwise the link itself.
  init(
    target: String, size: Int? = nil, replacing: Bool = true, makingDirectory: Bool = false,
    followingLinks: Bool = true
  ) throws(CheckpointError) {
    guard !target.isEmpty, !System.isDirectory(target) else {
      throw CheckpointError(
        .cannotWrite, "write", file: target, expected: "the path of a file", found: "a directory",
        advice: "name a file in it")
    }
    if !replacing && System.exists(target) { throw AtomicFile.exists(target) }
    self.target = target
    self.replacing = replacing
    place = followingLinks ? try AtomicFile.followed(target) : target
    directory = System.directory(of: place)
    if makingDirectory { madeDirectory = try System.makeDirectory(directory) }
    AtomicFile.removeStale(beside: place)
    let tag = String(UInt64.random(in: .min ... .max), radix: 36)
    temporary = "\(directory)/.\(AtomicFile.stem(place)).\(getpid())-\(tag)\(Self.suffix)"
    descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw CheckpointError(
        .cannotWrite, "create a file beside", file: target, expected: "a directory that can be written to",
        found: "\"\(System.lastError())\"", advice: "check the directory, its permissions and the free space")
    }
    early = EarlySync(descriptor)
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
    var status = stat()
    if stat(target, &status) == 0 { _ = fchmod(descriptor, status.st_mode & 0o777) }
    do throws(CheckpointError) {
      try AtomicFile.checkSpace(size ?? 0, in: directory, for: target)
    } catch {
      discard()
      throw error
    }
  }

  deinit { discard() }

  /// Writes the whole buffer at `offset`.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(CheckpointError) {
    guard descriptor >= 0 else { throw closed() }
    guard System.write(descriptor, at: offset, bytes) else {
      throw failure("\(bytes.count) bytes to be written at offset \(offset)")
    }
    early.wrote(bytes.count)
  }

  /// Reads back what was written.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    guard descriptor >= 0 else { throw closed() }
    guard System.read(descriptor, at: offset, into: buffer) == buffer.count else {
      throw failure("\(buffer.count) bytes to be read back at offset \(offset)")
    }
  }

  /// Reads a small part back.
  func bytes(at offset: Int, count: Int) throws(CheckpointError) -> [UInt8] {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { memory.deallocate() }
    try read(at: offset, into: memory)
    return [UInt8](memory)
  }

  /// Copies a part of another file to `offset`, inside the system where it can.
  func copy(_ part: FilePart, at offset: Int) throws(CheckpointError) {
    guard descriptor >= 0 else { throw closed() }
    let copied = part.file.copy(part.range, to: descriptor, at: offset)
    early.wrote(copied)
    guard copied < part.range.count else { return }
    let rest = part.range.lowerBound + copied..<part.range.upperBound
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: min(rest.count, 1 << 20), alignment: 64)
    defer { memory.deallocate() }
    for start in stride(from: rest.lowerBound, to: rest.upperBound, by: memory.count) {
      let block = UnsafeMutableRawBufferPointer(rebasing: memory[..<min(memory.count, rest.upperBound - start)])
      try part.file.read(at: start, into: block)
      try write(UnsafeRawBufferPointer(block), at: offset + start - part.range.lowerBound)
    }
  }

  /// Writes the whole array at `offset`.
  func write(_ bytes: [UInt8], at offset: Int) throws(CheckpointError) {
    guard descriptor >= 0 else { throw closed() }
    guard bytes.withUnsafeBytes({ System.write(descriptor, at: offset, $0) }) else {
      throw failure("\(bytes.count) bytes to be written at offset \(offset)")
    }
  }

  /// Syncs, renames over the target and syncs the directory. The object is of no use afterwards.
  func commit() throws(CheckpointError) {
    guard descriptor >= 0 else { throw closed() }
    guard early.finish(), System.sync(descriptor) else { throw failure("the bytes to reach the disk") }
    if replacing {
      guard rename(temporary, place) == 0 else { throw failure("the finished file to be renamed") }
    } else if link(temporary, place) == 0 {
      unlink(temporary)
    } else if errno == EEXIST {
      throw AtomicFile.exists(target)
    } else {
      // A file system without hard links: the check and the renaming are two steps there.
      if System.exists(target) { throw AtomicFile.exists(target) }
      guard rename(temporary, place) == 0 else { throw failure("the finished file to be renamed") }
    }
    close(descriptor)
    descriptor = -1
    System.syncDirectory(directory)
  }

  /// Deletes the temporary file, unless committed.
  func discard() {
    guard descriptor >= 0 else { return }
    _ = early.finish()
    unlink(temporary)
    close(descriptor)
    descriptor = -1
    if madeDirectory { System.removeDirectory(directory) }
  }
}

extension AtomicFile {
  static let suffix = ".bonsai-partial"

  /// Deletes what killed processes left beside `target`: temporaries that nobody holds a lock on.
  static func removeStale(beside target: String) {
    removeStale(in: System.directory(of: target), prefix: ".\(stem(target)).")
  }

  /// Deletes temporaries in `directory` whose names begin with `prefix` and that nobody holds a lock on.
  static func removeStale(in directory: String, prefix: String) {
    for entry in System.contents(ofDirectory: directory) ?? []
    where entry.hasPrefix(prefix) && entry.hasSuffix(suffix) {
      let path = "\(directory)/\(entry)"
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
      close(descriptor)
    }
  }

  /// The path that `target` leads to where it is a symbolic link, and itself otherwise.
  ///
  /// - Throws: `CheckpointError` for a link that leads nowhere.
  private static func followed(_ target: String) throws(CheckpointError) -> String {
    guard System.isLink(target) else { return target }
    guard let path = realpath(target, nil) else {
      throw CheckpointError(
        .cannotWrite, "write", file: target, expected: "a file, or a symbolic link to one",
        found: "a link that leads nowhere (\"\(System.lastError())\")", advice: "remove the link or name the file")
    }
    defer { free(path) }
    return String(cString: path)
  }

  /// The target's name, cut where the temporary's name would get too long for a file system.
  private static func stem(_ target: String) -> String {
    let name = System.lastComponent(target)
    return name.utf8.count > 180 ? String(name.prefix(40)) : name
  }

  /// Throws where the file system of `directory` tells that it has less than `size` bytes for this user.
  static func checkSpace(_ size: Int, in directory: String, for target: String) throws(CheckpointError) {
    var status = statvfs()
    guard statvfs(directory, &status) == 0, status.f_blocks > 0 else { return }
    let (free, overflow) = Int(clamping: status.f_bavail).multipliedReportingOverflow(
      by: Int(clamping: status.f_frsize))
    guard !overflow, free < size else { return }
    throw CheckpointError(
      .cannotWrite, "write", file: target, expected: "\(size) bytes of free space", found: "\(free)",
      advice: "free space or choose another disk; nothing was changed")
  }

  static func exists(_ target: String) -> CheckpointError {
    CheckpointError(
      .cannotWrite, "write", file: target, expected: "no file of that name yet", found: "one",
      advice: "choose another name or allow replacing it")
  }

  private func failure(_ expected: String) -> CheckpointError {
    CheckpointError(
      .cannotWrite, "write", file: target, expected: expected, found: "\"\(System.lastError())\"",
      advice: "free space or choose another disk; nothing was changed")
  }

  private func closed() -> CheckpointError {
    CheckpointError(
      .invalidArgument, "write", file: target, expected: "a file still being written", found: "a finished one",
      advice: "begin a new one")
  }
}
