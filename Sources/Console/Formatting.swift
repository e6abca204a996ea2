#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension Double {
  /// The number with so many digits behind the point, rounded as C's `printf` rounds: `1.50`.
  package func fixed(_ digits: Int) -> String { formatted("%.*f", digits) }

  /// The number with so many digits that matter, very large and small ones with an exponent: `0.125`, `7.81e-05`.
  package func significant(_ digits: Int) -> String { formatted("%.*g", digits) }

  private func formatted(_ format: String, _ digits: Int) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400 + max(0, digits)) { buffer in
      _ = withVaList([Int32(digits), self]) { vsnprintf(buffer.baseAddress, buffer.count, format, $0) }
      return buffer.baseAddress.map { String(cString: $0) } ?? ""
    }
  }

  /// A fraction as a percentage with as many digits as it needs, one at most: `50 %`, `99.5 %`.
  package var percent: String {
    let value = (self * 1000).rounded() / 10
    return value.fixed(value == value.rounded() ? 0 : 1) + " %"
  }

  /// A fraction as a percentage with two digits: `88.02 %`.
  package var exactPercent: String { (self * 100).fixed(2) + " %" }

  /// A number of bytes, in units of 1000: `247.8 kB`, `1.2 GB`.
  package var bytes: String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
    var (value, unit) = (self, 0)
    while abs(value) >= 999.95, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    return value.fixed(unit == 0 ? 0 : 1) + " " + units[unit]
  }
}

extension Int {
  /// A number with spaces between thousands: `61 470`.
  package var grouped: String {
    var digits = Array(String(magnitude))
    for position in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(" ", at: position) }
    return (self < 0 ? "-" : "") + String(digits)
  }

  /// A number of bytes: `247.8 kB`.
  package var bytes: String { magnitude < 1000 ? "\(self) B" : Double(self).bytes }

  /// The number and what is counted, in the plural unless it is one: `1 tensor`, `10 tensors`.
  package func counted(_ noun: String) -> String { "\(grouped) \(noun)\(self == 1 ? "" : "s")" }
}

extension String {
  /// The text without spaces at its end.
  package var trimmedAtEnd: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }

  /// The text with spaces before (for `.right`) or behind it, so that it is `width` characters long.
  package func padded(to width: Int, _ alignment: TextTable.Alignment = .left) -> String {
    let space = String(repeating: " ", count: max(0, width - count))
    return alignment == .left ? self + space : space + self
  }
}
