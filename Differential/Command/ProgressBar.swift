import Foundation

/// How far a run has come, on a terminal; nothing elsewhere.
struct ProgressBar {
  let count: Int
  private let isTerminal = isatty(2) == 1

  init(count: Int) { self.count = count }

  /// Shows that `done` of the programs are done.
  func show(_ done: Int) {
    guard isTerminal, done % 10 == 0 else { return }
    let width = 40 * done / max(count, 1)
    let bar = String(repeating: "#", count: width) + String(repeating: ".", count: 40 - width)
    FileHandle.standardError.write(Data("\r[\(bar)] \(done) of \(count)".utf8))
  }

  /// Takes the bar away.
  func clear() {
    if isTerminal { FileHandle.standardError.write(Data("\r\u{1b}[K".utf8)) }
  }
}
