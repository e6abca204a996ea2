#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Keeps other writers of this module out of a directory for a moment; released when the object goes, or the process.
///
/// Where a file system has no locks there is none, and nothing is thrown.
final class DirectoryLock {
  private let descriptor: Int32

  /// Waits for the lock on `path`.
  init(_ path: String) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
    guard descriptor >= 0 else { return }
    while flock(descriptor, LOCK_EX) != 0 && errno == EINTR {}
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
