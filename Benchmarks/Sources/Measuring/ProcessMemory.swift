import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// The memory of this process, as Linux tells it; nil on other systems.
enum ProcessMemory {
  /// Bytes that lie in memory now.
  static var resident: Int? { field("VmRSS", in: "/proc/self/status") }

  /// Bytes that the machine can still give.
  static var available: Int? { field("MemAvailable", in: "/proc/meminfo") }

  /// The most bytes in memory at any moment of `body`, beyond those before it.
  static func peak(beyond body: () throws -> Void) rethrows -> Int? {
    trim()
    guard clearPeak(), let before = resident else { return nil }
    try body()
    return field("VmHWM", in: "/proc/self/status").map { $0 - before }
  }

  /// Gives freed memory back to the system, so that what is taken next is seen.
  static func trim() {
    #if canImport(Glibc)
      // Swift's module of glibc lacks malloc.h.
      typealias Trim = @convention(c) (Int) -> CInt
      guard let symbol = dlsym(nil, "malloc_trim") else { return }
      _ = unsafeBitCast(symbol, to: Trim.self)(0)
    #endif
  }

  /// Lets the peak begin anew, at the present size.
  private static func clearPeak() -> Bool {
    guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return false }
    defer { try? file.close() }
    return (try? file.write(contentsOf: Data("5".utf8))) != nil
  }

  private static func field(_ name: String, in path: String) -> Int? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
    return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
  }
}
