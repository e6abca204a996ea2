import Dispatch

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Sends a large file's bytes to the disk while it is still being written, on a thread of its own, so that little is left
/// to wait for at the end.
///
/// An error that the system reports here it does not report once more: whoever syncs at the end asks ``finish()`` too.
final class EarlySync: @unchecked Sendable {
  /// Bytes between two syncs.
  private static let stretch = 128 << 20

  private let descriptor: Int32
  private let queue = DispatchQueue(label: "bonsai.sync")
  private let lock = DispatchQueue(label: "bonsai.sync.state")
  // Under the lock.
  private var isSyncing = false
  private var failure: Int32 = 0
  // The writer's own.
  private var pending = 0

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// So many more bytes are written.
  func wrote(_ count: Int) {
    pending += count
    #if !canImport(Darwin)
      guard pending >= Self.stretch, !lock.sync(execute: { isSyncing }) else { return }
      pending = 0
      lock.sync { isSyncing = true }
      queue.async {
        let status = fdatasync(self.descriptor) == 0 || errno == EINTR ? 0 : errno
        self.lock.sync {
          self.isSyncing = false
          if self.failure == 0 { self.failure = status }
        }
      }
    #endif
  }

  /// Waits for a sync under way.
  ///
  /// - Returns: false, with `errno` set, where one has failed.
  func finish() -> Bool {
    queue.sync {}
    let failure = lock.sync { self.failure }
    guard failure != 0 else { return true }
    errno = failure
    return false
  }
}
