/// The threads that the caller lends: they do pieces of work that touch different memory.
public struct Workers: Sendable {
  /// How many work at once.
  public let count: Int
  /// Calls the closure once for each of so many pieces, several at once, and returns when all are done.
  public let run: @Sendable (_ pieces: Int, _ body: (Int) -> Void) -> Void

  /// Threads by a function that lends them.
  public init(count: Int, run: @escaping @Sendable (_ pieces: Int, _ body: (Int) -> Void) -> Void) {
    self.count = max(1, count)
    self.run = run
  }

  /// The caller's thread alone.
  public static let serial = Workers(count: 1) { pieces, body in for piece in 0..<pieces { body(piece) } }

  /// Splits `0..<count` into one range for each thread.
  func split(_ count: Int, _ body: (Range<Int>) -> Void) {
    let pieces = min(self.count, count)
    guard pieces > 1 else {
      if count > 0 { body(0..<count) }
      return
    }
    run(pieces) { body(count * $0 / pieces..<count * ($0 + 1) / pieces) }
  }
}
