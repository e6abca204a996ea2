import Dispatch

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Android)
  import Android
#endif

/// Work split over threads, without starting any for small work.
package enum Parallel {
  /// Below this many entries one thread is faster than waking a second.
  static let serialLimit = 1 << 16
  /// Entries that a thread gets at least where the caller asks for several.
  static let smallestShare = 1 << 10

  /// Processors that are online, at least 1.
  package static let processors: Int = {
    #if canImport(Darwin) || canImport(Glibc) || canImport(Musl) || canImport(Android)
      return max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    #else
      return 1
    #endif
  }()

  /// The number of threads for `entries` entries: as many as asked for if each gets some work; otherwise all
  /// processors, but only one where the work is small.
  static func threads(_ requested: Int?, entries: Int) -> Int {
    guard let requested else { return entries < serialLimit ? 1 : min(processors, entries / (serialLimit / 4)) }
    return max(1, min(requested, entries / smallestShare))
  }

  /// Calls `body` once for each piece, on up to `threads` threads, and returns when all are done.
  ///
  /// Pieces are handed out in turn when every processor may be used, so that a slow one does not hold up the others;
  /// with fewer threads than processors each thread takes its own share.
  package static func perform(pieces: Int, threads: Int, _ body: (Int) -> Void) {
    guard threads > 1, pieces > 1 else {
      for piece in 0..<pieces { body(piece) }
      return
    }
    withoutActuallyEscaping(body) { body in
      let job = Job(body: body)
      if threads >= processors, pieces <= 64 * threads {
        DispatchQueue.concurrentPerform(iterations: pieces) { job.body($0) }
      } else {
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
          for piece in (pieces * thread / threads)..<(pieces * (thread + 1) / threads) { job.body(piece) }
        }
      }
    }
  }

  /// A closure on its way to other threads. It is safe to send because `perform` waits for all calls, and because
  /// the closures of this library touch disjoint memory for different pieces.
  private struct Job: @unchecked Sendable {
    let body: (Int) -> Void
  }

  /// Splits `0..<entries` into ranges that begin at multiples of 64 and calls `body` for each, on several threads
  /// when there are many entries.
  static func ranges(of entries: Int, threads requested: Int? = nil, _ body: (Range<Int>) -> Void) {
    let threads = threads(requested, entries: entries)
    guard threads > 1 else {
      if entries > 0 { body(0..<entries) }
      return
    }
    let pieces = threads * 4
    let words = (entries + 63) / 64
    perform(pieces: pieces, threads: threads) { piece in
      let lower = words * piece / pieces * 64
      let upper = min(entries, words * (piece + 1) / pieces * 64)
      if lower < upper { body(lower..<upper) }
    }
  }
}
