#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Where standard output goes, as far as it matters for how text is set.
enum Terminal {
  /// Whether somebody is looking: standard output is a terminal that can move its cursor.
  static let isInteractive = isatty(STDOUT_FILENO) == 1 && variable("TERM") ?? "dumb" != "dumb"

  /// Whether text may be coloured; `NO_COLOR` forbids it.
  static let hasColor = isInteractive && (variable("NO_COLOR") ?? "").isEmpty

  /// The characters in a line: the window's, or `COLUMNS`, or 80.
  static var width: Int {
    var size = winsize()
    if ioctl(STDOUT_FILENO, numericCast(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return variable("COLUMNS").flatMap { Int($0) }.map { max(20, $0) } ?? 80
  }

  /// Writes text at once, without ending the line.
  static func write(_ text: String) {
    print(text, terminator: "")
    fflush(nil)
  }

  /// The text in a style where colours are allowed.
  static func styled(_ text: String, _ style: Style) -> String {
    hasColor ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
  }

  /// ANSI's codes.
  enum Style: String {
    case bold = "1"
    case dim = "2"
    case green = "32"
    case orange = "33"
  }

  private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
