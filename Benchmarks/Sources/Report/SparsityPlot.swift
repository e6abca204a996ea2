import Foundation
import SparseKernels

/// How many times as fast as dense against the share of zeros, a panel for each layer and a line for each format, as SVG. A
/// pure function of the results.
struct SparsityPlot {
  private static let panel = (width: 270.0, height: 190.0, gapX: 60.0, gapY: 84.0)
  private static let margin = (left: 66.0, top: 128.0, right: 32.0, bottom: 60.0)
  private static let columns = 3
  private static let formats: [(format: SparseFormat, colour: String)] = [
    (.blocks4, "bonsai"), (.blocks8, "blue"), (.entries, "torch"), (.lanes, "pink"),
  ]

  private let panels: [(name: String, results: [SparseCase.Result])]
  private let subtitle: String
  private let xs: ClosedRange<Double>
  /// Powers of two.
  private let ys: ClosedRange<Double>

  /// Layers that were measured at three shares of zeros or more with the first instructions and number of threads; nil for none.
  init?(_ all: [SparseCase.Result], setting: Report.Setting) {
    guard let first = all.first else { return nil }
    let results = all.filter {
      $0.instructions == first.instructions && $0.threads == first.threads && $0.storage == .float32
    }
    var names: [String] = []
    for result in results where !names.contains(result.name) { names.append(result.name) }
    panels = names.map { name in (name, results.filter { $0.name == name }) }.filter {
      Set($0.1.map(\.sparsity)).count >= 3
    }
    let shown = panels.flatMap(\.results)
    guard let least = shown.map(\.sparsity).min(), let most = shown.map(\.sparsity).max() else { return nil }
    xs = least...most
    let logs = shown.map { log2($0.ratio) }
    ys = min(0, (logs.min() ?? 0).rounded(.down))...max(1, (logs.max() ?? 1).rounded(.up))
    subtitle =
      "\(first.instructions.rawValue), \(first.threads) thread\(first.threads == 1 ? "" : "s") of "
      + "\(setting.processor ?? setting.system); medians of runs in turns, against the faster memory format"
  }

  /// The file's content.
  var source: String {
    let rows = (panels.count + Self.columns - 1) / Self.columns
    let columns = min(Self.columns, panels.count)
    let width =
      Self.margin.left + Double(columns) * (Self.panel.width + Self.panel.gapX) - Self.panel.gapX + Self.margin.right
    let height =
      Self.margin.top + Double(rows) * (Self.panel.height + Self.panel.gapY) - Self.panel.gapY + Self.margin.bottom
    var body = [
      "<rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"\(Int(width) - 1)\" height=\"\(Int(height) - 1)\" rx=\"12\"/>",
      SVG.text("Sparse layers: times as fast as LibTorch's dense ones", 32, 46, "title"),
      SVG.text(subtitle, 32, 72, "muted"),
    ]
    body += legend(left: 32, 98)
    for (place, panel) in panels.enumerated() {
      body += draw(
        panel.name, panel.results,
        Self.margin.left + Double(place % Self.columns) * (Self.panel.width + Self.panel.gapX),
        Self.margin.top + Double(place / Self.columns) * (Self.panel.height + Self.panel.gapY))
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(width)) \(Int(height))" width="\(Int(width))" \
      height="\(Int(height))" role="img">
      <title>How many times as fast as dense sparse layers are, against the share of zeros</title>
      <style>
      \(SVG.style)
      </style>
      \(body.joined(separator: "\n"))
      </svg>

      """
  }

  private func draw(_ name: String, _ results: [SparseCase.Result], _ left: Double, _ top: Double) -> [String] {
    let (bottom, right) = (top + Self.panel.height, left + Self.panel.width)
    func x(_ value: Double) -> Double {
      left + (value - xs.lowerBound) / (xs.upperBound - xs.lowerBound) * Self.panel.width
    }
    func y(_ power: Double) -> Double {
      bottom - (power - ys.lowerBound) / (ys.upperBound - ys.lowerBound) * Self.panel.height
    }
    var out = [SVG.text(name, left, top - 12, "value")]
    for power in stride(from: ys.lowerBound, through: ys.upperBound, by: 1) {
      out.append(SVG.line(left, y(power), right, y(power), power == 0 ? "axis" : "grid"))
      out.append(SVG.text(String(format: "%g×", exp2(power)), left - 8, y(power) + 4.5, "end muted"))
    }
    for share in [0.5, 0.6, 0.7, 0.8, 0.9, 0.98] where xs.contains(share) {
      out.append(SVG.line(x(share), top, x(share), bottom, "grid"))
      out.append(SVG.text(String(format: "%.0f %%", share * 100), x(share), bottom + 18, "middle muted"))
    }
    for (format, colour) in Self.formats {
      let points = results.filter { $0.format == format }.sorted { $0.sparsity < $1.sparsity }.map {
        (SVG.tenth(x($0.sparsity)), SVG.tenth(y(log2($0.ratio))))
      }
      guard !points.isEmpty else { continue }
      out.append(
        "<polyline class=\"\(colour)-line\" points=\"\(points.map { "\($0.0),\($0.1)" }.joined(separator: " "))\"/>")
      out += points.map { "<circle class=\"\(colour)-dot\" cx=\"\($0.0)\" cy=\"\($0.1)\" r=\"3.5\"/>" }
    }
    return out
  }

  private func legend(left: Double, _ y: Double) -> [String] {
    let found = Set(panels.flatMap(\.results).map(\.format))
    var out: [String] = []
    var x = left
    for (format, colour) in Self.formats where found.contains(format) {
      out.append("<polyline class=\"\(colour)-line\" points=\"\(x),\(y) \(x + 28),\(y)\"/>")
      out.append(SVG.text(format.rawValue, x + 36, y + 4.5, colour))
      x += 120
    }
    return out
  }
}
