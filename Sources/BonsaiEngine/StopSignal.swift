#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A signal that asks the engine to stop and to keep what it has; a second one ends it at once.
enum StopSignal {
  private nonisolated(unsafe) static var note: sig_atomic_t = 0

  /// From now on Ctrl-C and `kill` are noted once.
  static func watch() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        StopSignal.note = 1
        signal(number, SIG_DFL)
      }
    }
  }

  /// Whether one has come.
  static var hasCome: Bool { note != 0 }
}
