import Foundation

extension Double {
  /// A fraction as a percentage with as many digits as it needs, one at most: `50 %`, `99.5 %`.
  var percent: String {
    let value = (self * 1000).rounded() / 10
    return String(format: value == value.rounded() ? "%.0f %%" : "%.1f %%", value)
  }

  /// A fraction as a percentage with two digits: `88.02 %`.
  var exactPercent: String { String(format: "%.2f %%", self * 100) }
}

extension Int {
  /// A number with spaces between thousands: `61 470`.
  var grouped: String {
    var digits = Array(String(magnitude))
    for position in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(" ", at: position) }
    return (self < 0 ? "-" : "") + String(digits)
  }

  /// A number of bytes: `247.8 kB`.
  var bytes: String {
    magnitude < 1_000
      ? "\(self) B"
      : magnitude < 1_000_000
        ? String(format: "%.1f kB", Double(self) / 1e3) : String(format: "%.1f MB", Double(self) / 1e6)
  }
}

extension String {
  /// The text with spaces before (for `.right`) or behind it, so that it is `width` characters long.
  func padded(to width: Int, _ alignment: TextTable.Alignment = .left) -> String {
    let space = String(repeating: " ", count: max(0, width - count))
    return alignment == .left ? self + space : space + self
  }
}
