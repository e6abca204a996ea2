import Foundation

/// What is written where the process traps: which program it was, so that it can be run by itself.
enum CrashNote {
  private static let capacity = 256
  nonisolated(unsafe) private static let text: UnsafeMutablePointer<UInt8> = {
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT, SIGBUS, SIGFPE] {
      signal(number) { number in
        // Only calls that are safe within a signal's handler.
        _ = write(2, CrashNote.text, CrashNote.length)
        signal(number, SIG_DFL)
        raise(number)
      }
    }
    return memory
  }()
  nonisolated(unsafe) private static var length = 0

  /// Sets the note.
  static func set(_ note: String) {
    let bytes = Array(note.utf8.prefix(capacity))
    text.update(from: bytes, count: bytes.count)
    length = bytes.count
  }
}
