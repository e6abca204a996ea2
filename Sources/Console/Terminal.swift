#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Where text goes, as far as it matters for how it is set: a terminal, or a pipe or file.
package struct Terminal: Sendable {
  /// Standard output: results.
  package static let output = Terminal(descriptor: STDOUT_FILENO)
  /// Standard error: progress, remarks, errors.
  package static let error = Terminal(descriptor: STDERR_FILENO)

  private let descriptor: Int32

  /// Whether somebody is looking: a terminal that can move its cursor.
  package let isInteractive: Bool

  /// Whether text may be coloured; `NO_COLOR` forbids it.
  package let hasColor: Bool

  private init(descriptor: Int32) {
    self.descriptor = descriptor
    isInteractive = isatty(descriptor) == 1 && Self.variable("TERM") ?? "dumb" != "dumb"
    hasColor = isInteractive && (Self.variable("NO_COLOR") ?? "").isEmpty
  }

  /// The characters in a line: the window's, or `COLUMNS`, or 80.
  package var width: Int {
    var size = winsize()
    if ioctl(descriptor, numericCast(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return Self.variable("COLUMNS").flatMap { Int($0) }.map { max(20, $0) } ?? 80
  }

  /// Writes text at once, after what was printed before; the line is not ended.
  package func write(_ text: String) {
    fflush(nil)
    _ = Array(text.utf8).withUnsafeBytes(writeAll)
  }

  /// Writes bytes at once; false where nobody is left to read them.
  package func writeAll(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = systemWrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
      if count < 0, errno != EINTR { return false }
      done += max(0, count)
    }
    return true
  }

  /// The text in a style where colours are allowed.
  package func styled(_ text: String, _ style: Style) -> String {
    hasColor ? style.applied(to: text) : text
  }

  /// ANSI's codes.
  package enum Style: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case orange = "33"
    case blue = "34"

    /// The text between this code and the one that ends it.
    package func applied(to text: some StringProtocol) -> String { "\u{1b}[\(rawValue)m\(text)\u{1b}[0m" }
  }

  private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

/// The system's `write`, whose name the method above takes.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
