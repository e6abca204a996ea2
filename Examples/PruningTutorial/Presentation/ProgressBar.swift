import Foundation

/// One line about work under way: how much is done, how fast it goes, how long it will take.
///
/// `Epoch 1/3  ██████████▌·········  53 %  512 steps/s  0:01 left`
struct ProgressBar {
  /// What is being done.
  let label: String
  /// How many steps there are.
  let total: Int
  /// What a step is called, in the plural.
  var unit = "steps"
  /// The characters of the bar itself.
  var width = 24

  /// The line when `done` steps have taken `seconds`. A pure function.
  func line(done: Int, seconds: Double) -> String {
    let done = min(max(0, done), total)
    let fraction = total == 0 ? 1 : Double(done) / Double(total)
    let percent = String(format: "%3d %%", Int((fraction * 100).rounded(.down)))
    var line = "\(label)  \(Self.bar(fraction, width: width))  \(percent)"
    if done > 0, seconds > 0 {
      line += String(format: "  %.0f \(unit)/s", Double(done) / seconds)
      if done < total { line += "  \(Self.clock(seconds / Double(done) * Double(total - done))) left" }
    }
    return line
  }

  /// A bar in eighths of a character.
  private static func bar(_ fraction: Double, width: Int) -> String {
    let eighths = Int((fraction * Double(width * 8)).rounded(.down))
    let (whole, rest) = eighths.quotientAndRemainder(dividingBy: 8)
    let partial = rest == 0 ? "" : String(Array(" ▏▎▍▌▋▊▉")[rest])
    let bar = String(repeating: "█", count: whole) + partial
    return bar + String(repeating: "·", count: width - bar.count)
  }

  /// Seconds as `0:07`, `12:30` or `1:05:00`.
  static func clock(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "?" }
    let all = Int(seconds.rounded(.up))
    let (hours, minutes, rest) = (all / 3600, all / 60 % 60, all % 60)
    return hours > 0
      ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
  }
}

/// Shows a ``ProgressBar`` in the terminal, ten times a second at most; silent where standard output is none.
struct ProgressDisplay {
  private let bar: ProgressBar
  private let start = ContinuousClock.now
  private var nextUpdate = ContinuousClock.now
  private var done = 0

  init(_ bar: ProgressBar) { self.bar = bar }

  /// The time since the display was made.
  var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

  /// One more step is done.
  mutating func advance() {
    done += 1
    guard Terminal.isInteractive else { return }
    let now = ContinuousClock.now
    guard now >= nextUpdate else { return }
    nextUpdate = now + .milliseconds(100)
    let line = bar.line(done: done, seconds: seconds)
    Terminal.write("\r" + line.prefix(Terminal.width - 1) + "\u{1b}[K")
  }

  /// Takes the line away, so that something lasting can be written in its place.
  func clear() {
    if Terminal.isInteractive { Terminal.write("\r\u{1b}[K") }
  }
}
