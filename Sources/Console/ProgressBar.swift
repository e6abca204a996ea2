/// One line about work under way: how much is done, how fast it goes, how long it will take.
///
/// `Epoch 1/3  ██████████▌·········  53 %  512 steps/s  0:01 left`
package struct ProgressBar {
  /// What is counted.
  package enum Unit {
    /// Things of a kind, called so in the plural.
    case things(String)
    /// Bytes of files.
    case bytes
  }

  /// What is being done.
  package let label: String
  /// How many steps or bytes there are.
  package var total: Int
  /// What is counted.
  package let unit: Unit
  /// The characters of the bar itself.
  package let width: Int

  /// A bar of `total` steps or bytes.
  package init(label: String, total: Int, unit: Unit = .things("steps"), width: Int = 24) {
    self.label = label
    self.total = total
    self.unit = unit
    self.width = width
  }

  /// The line when `done` of all have taken `seconds`. A pure function.
  package func line(done: Int, seconds: Double) -> String {
    let done = min(max(0, done), total)
    let fraction = total == 0 ? 1 : Double(done) / Double(total)
    let percent = "\(Int((fraction * 100).rounded(.down)))".padded(to: 3, .right)
    var line = "\(label)  \(Self.bar(fraction, width: width))  \(percent) %"
    if case .bytes = unit { line += "  \(done.bytes) of \(total.bytes)" }
    if done > 0, seconds > 0 {
      line += "  \(rate(Double(done) / seconds))"
      if done < total { line += "  \(Self.clock(seconds / Double(done) * Double(total - done))) left" }
    }
    return line
  }

  private func rate(_ rate: Double) -> String {
    switch unit {
    case .things(let name): "\(rate.fixed(0)) \(name)/s"
    case .bytes: "\(rate.bytes)/s"
    }
  }

  /// A bar in eighths of a character.
  private static func bar(_ fraction: Double, width: Int) -> String {
    let bar = blocks(Int((fraction * Double(width * 8)).rounded(.down)))
    return bar + String(repeating: "·", count: width - bar.count)
  }

  /// A bar as long as so many eighths of a character.
  package static func blocks(_ eighths: Int) -> String {
    let (whole, rest) = eighths.quotientAndRemainder(dividingBy: 8)
    return String(repeating: "█", count: whole) + (rest == 0 ? "" : String(Array(" ▏▎▍▌▋▊▉")[rest]))
  }

  /// Seconds as `0:07`, `12:30` or `1:05:00`.
  package static func clock(_ seconds: Double) -> String {
    guard seconds < 1e15 else { return "?" }
    let all = Int(seconds.rounded(.up))
    let (hours, minutes, rest) = (all / 3600, all / 60 % 60, all % 60)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }
}
