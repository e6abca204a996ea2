#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The common form in which all entries of a printed tensor are written, chosen from the entries shown: whole numbers
/// with a bare point, an exponent where magnitudes lie far apart, one width for all.
struct NumberFormatter {
  /// The entries, already read from the tensor.
  enum Entries {
    case real([Double])
    case whole([Int64])
    case truth([Bool])
  }

  private enum Form {
    case fixed, scientific, wholeWithPoint
  }

  private let entries: Entries
  private let form: Form
  private let precision: Int
  /// The characters that each entry is filled up to; infinities may be wider.
  let width: Int

  init(_ entries: Entries, options: PrintOptions) {
    self.entries = entries
    precision = options.precision
    switch entries {
    case .truth(let values):
      form = .fixed
      width = values.map { $0 ? 4 : 5 }.max() ?? 1
    case .whole(let values):
      form = .fixed
      width = Swift.max(1, values.map { String($0).utf8.count }.max() ?? 1)
    case .real(let values):
      // Zeros, infinities and NaN have no say in the form.
      let telling = values.filter { $0.isFinite && $0 != 0 }
      let form = Self.form(for: telling, options)
      let precision = options.precision
      self.form = form
      width = telling.reduce(1) { Swift.max($0, Self.text($1, form, precision).utf8.count) }
    }
  }

  private static func form(for values: [Double], _ options: PrintOptions) -> Form {
    guard !values.isEmpty else { return .wholeWithPoint }
    let smallest = values.reduce(.infinity) { Swift.min($0, $1.magnitude) }
    let largest = values.reduce(0) { Swift.max($0, $1.magnitude) }
    let farApart = largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4
    if options.scientific ?? farApart { return .scientific }
    return values.allSatisfy { $0 == $0.rounded(.up) } ? .wholeWithPoint : .fixed
  }

  /// Entry `i`, filled up with blanks on the left.
  func text(at i: Int) -> String {
    let text =
      switch entries {
      case .truth(let values): values[i] ? "True" : "False"
      case .whole(let values): String(values[i])
      case .real(let values): Self.text(values[i], form, precision)
      }
    return String(repeating: " ", count: Swift.max(0, width - text.utf8.count)) + text
  }

  private static func text(_ value: Double, _ form: Form, _ precision: Int) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    return switch form {
    case .fixed: printed(value, "%.*f", precision)
    case .scientific: printed(value, "%.*e", precision)
    case .wholeWithPoint: printed(value, "%.*f", 0) + "."
    }
  }

  /// The digits as C prints them: rounded correctly from the exact binary value.
  private static func printed(_ value: Double, _ format: String, _ precision: Int) -> String {
    let capacity = 340 + precision
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
      _ = withVaList([CInt(clamping: precision), value]) { vsnprintf(buffer.baseAddress!, capacity, format, $0) }
      return String(cString: buffer.baseAddress!)
    }
  }
}
