#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The system calls this module makes, each retried on EINTR and turned into a value or an error text.
enum System {
  /// The text of the current `errno`.
  static func lastError() -> String { String(cString: strerror(errno)) }

  /// The file-name part of a path, for messages about several files.
  static func lastComponent(_ path: String) -> String {
    path.split(separator: "/", omittingEmptySubsequences: true).last.map(String.init) ?? path
  }

  /// The directory part of a path, "." where there is none.
  static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A path without slashes at its end.
  static func plain(_ path: String) -> String {
    let end = path.lastIndex { $0 != "/" }
    return end.map { String(path[...$0]) } ?? path
  }

  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  /// The path without links; nil where it leads nowhere.
  static func realPath(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  static func remove(_ path: String) { unlink(path) }

  static func removeDirectory(_ path: String) { rmdir(path) }

  /// Makes a directory unless it is there; true where it was made.
  static func makeDirectory(_ path: String) throws(CheckpointError) -> Bool {
    if isDirectory(path) { return false }
    guard mkdir(path, 0o777) == 0 else {
      throw CheckpointError(
        .cannotWrite, "make directory", file: path, expected: "a writable parent directory",
        found: "\"\(lastError())\"", advice: "make the parent directory or choose another place")
    }
    return true
  }

  /// The names in a directory, sorted, without "." and ".."; nil where it cannot be read.
  static func contents(ofDirectory path: String) -> [String]? {
    guard let stream = opendir(path) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Reads up to `buffer.count` bytes at `offset`; returns how many came, less than asked only at the end of the file,
  /// or nil with `errno` set.
  static func read(_ descriptor: Int32, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    var done = 0
    while done < buffer.count {
      // Linux moves at most 0x7ffff000 bytes a call, macOS refuses more than INT_MAX.
      let chunk = min(buffer.count - done, 1 << 30)
      let count = pread(descriptor, buffer.baseAddress! + done, chunk, off_t(offset + done))
      if count < 0 {
        if errno == EINTR { continue }
        return nil
      }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// Writes the whole buffer at `offset`; false with `errno` set.
  ///
  /// In pieces that stay in the nearer caches: a call for a megabyte or more takes Linux four times as long a byte.
  static func write(_ descriptor: Int32, at offset: Int, _ buffer: UnsafeRawBufferPointer) -> Bool {
    var done = 0
    while done < buffer.count {
      let chunk = min(buffer.count - done, 1 << 17)
      let count = pwrite(descriptor, buffer.baseAddress! + done, chunk, off_t(offset + done))
      if count < 0 {
        if errno == EINTR { continue }
        return false
      }
      if count == 0 {
        errno = ENOSPC
        return false
      }
      done += count
    }
    return true
  }

  /// Brings a file's bytes to the medium; false with `errno` set.
  static func sync(_ descriptor: Int32) -> Bool {
    #if canImport(Darwin)
      if fcntl(descriptor, F_FULLFSYNC) == 0 { return true }
    #endif
    while fsync(descriptor) != 0 {
      if errno != EINTR { return false }
    }
    return true
  }

  /// Brings a directory's entries to the medium. Some file systems have nothing to sync there: that is no error.
  static func syncDirectory(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
    guard descriptor >= 0 else { return }
    _ = sync(descriptor)
    close(descriptor)
  }
}
