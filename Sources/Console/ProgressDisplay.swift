/// Shows a ``ProgressBar`` in a terminal, ten times a second at most; silent where there is none.
package struct ProgressDisplay {
  private var bar: ProgressBar
  private let terminal: Terminal
  private let start = ContinuousClock.now
  private var nextUpdate = ContinuousClock.now
  private var done = 0
  private var isShown = false

  /// A display whose clock runs from now on.
  package init(_ bar: ProgressBar, on terminal: Terminal = .error) {
    self.bar = bar
    self.terminal = terminal
  }

  /// The time since the display was made.
  package var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

  /// One more step is done.
  package mutating func advance() { show(done + 1) }

  /// So many steps or bytes are done now, of `total` where that has become known.
  package mutating func show(_ done: Int, of total: Int? = nil) {
    self.done = done
    if let total { bar.total = total }
    guard terminal.isInteractive else { return }
    let now = ContinuousClock.now
    guard now >= nextUpdate else { return }
    nextUpdate = now + .milliseconds(100)
    isShown = true
    terminal.write("\r" + bar.line(done: done, seconds: seconds).prefix(terminal.width - 1) + "\u{1b}[K")
  }

  /// Takes the line away, so that something lasting can be written in its place.
  package mutating func clear() {
    if isShown { terminal.write("\r\u{1b}[K") }
    isShown = false
  }
}
