#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Android)
  import Android
#endif

/// Memory that one thread at a time works on.
final class Lock {
  private static let mostTries = 500

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init() {
    mutex.initialize(to: pthread_mutex_t())
    let code = pthread_mutex_init(mutex, nil)
    precondition(code == 0, "Lock: expected a mutex of the system, found error \(code)")
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` while no other thread runs one.
  ///
  /// It looks whether the lock is free for about as long as it takes to put a thread to sleep and to wake it, before it
  /// does so.
  func whileLocked<R>(_ body: () -> R) -> R {
    var tries = 0
    while pthread_mutex_trylock(mutex) != 0 {
      tries += 1
      if tries > Self.mostTries {
        pthread_mutex_lock(mutex)
        break
      }
      sched_yield()
    }
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }
}
