import Foundation

/// Seconds against weights, both axes logarithmic, a panel for each method, as SVG. A pure function of the results.
struct LogLogPlot {
  /// One panel: the same method, dtype and amount at several sizes.
  private struct Panel {
    let title: String
    let bonsai: [(x: Double, y: Double)]
    let torch: [(x: Double, y: Double)]
    let copy: [(x: Double, y: Double)]
    let ratio: Double?
  }

  private static let panel = (width: 300.0, height: 210.0, gapX: 66.0, gapY: 84.0)
  private static let margin = (left: 84.0, top: 128.0, right: 28.0, bottom: 64.0)
  private static let columns = 3

  private let panels: [Panel]
  private let subtitle: String
  private let xs: ClosedRange<Double>
  private let ys: ClosedRange<Double>

  /// The results of the dtype and amount that were measured at the most sizes; nil where there are none.
  init?(_ report: Report) {
    let groups = Dictionary(grouping: report.results) { "\($0.dtype) \($0.amount)" }.values
    guard
      let group = groups.max(by: { ($0.count, abs($1[0].amount - 0.5)) < ($1.count, abs($0[0].amount - 0.5)) }),
      let first = group.first
    else { return nil }
    panels = Method.allCases.compactMap { method in
      let results = group.filter { $0.method == method.rawValue }.sorted { $0.weights < $1.weights }
      guard let last = results.last else { return nil }
      let measured = results.filter { !$0.torch.values.isEmpty }
      return Panel(
        title: method.rawValue, bonsai: results.map { (Double($0.weights), $0.bonsai.median) },
        torch: measured.map { (Double($0.weights), $0.torch.median) },
        copy: results.filter { $0.ratioToFloor != nil }.map { (Double($0.weights), $0.copy.median) },
        ratio: (measured.last ?? last).ratio)
    }
    subtitle =
      "\(first.dtype), \(Int((first.amount * 100).rounded())) % pruned; median seconds of a call with its product, "
      + "\(report.setting.threads) threads of \(report.setting.processor ?? report.setting.system)"
    let points = panels.flatMap { $0.bonsai + $0.torch + $0.copy }
    xs = Self.decades(points.map(\.x))
    ys = Self.decades(points.map(\.y))
  }

  /// Whole powers of ten around the values.
  private static func decades(_ values: [Double]) -> ClosedRange<Double> {
    let low = log10(values.min() ?? 1).rounded(.down)
    return low...max(low + 1, log10(values.max() ?? 10).rounded(.up))
  }

  /// The file's content.
  var source: String {
    let rows = (panels.count + Self.columns - 1) / Self.columns
    let columns = min(Self.columns, max(panels.count, 1))
    let width =
      Self.margin.left + Double(columns) * (Self.panel.width + Self.panel.gapX) - Self.panel.gapX + Self.margin.right
    let height =
      Self.margin.top + Double(rows) * (Self.panel.height + Self.panel.gapY) - Self.panel.gapY + Self.margin.bottom
    var body = [
      "<rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"\(Int(width) - 1)\" height=\"\(Int(height) - 1)\" rx=\"12\"/>",
      SVG.text("Pruning calls of Bonsai and PyTorch", 32, 46, "title"), SVG.text(subtitle, 32, 72, "muted"),
    ]
    body += Self.legend(right: width - Self.margin.right, 41)
    for (place, panel) in panels.enumerated() {
      let x = Self.margin.left + Double(place % Self.columns) * (Self.panel.width + Self.panel.gapX)
      let y = Self.margin.top + Double(place / Self.columns) * (Self.panel.height + Self.panel.gapY)
      body += draw(panel, x, y)
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(width)) \(Int(height))" width="\(Int(width))" \
      height="\(Int(height))" role="img">
      <title>Seconds of pruning calls against the number of weights, Bonsai and PyTorch</title>
      <style>
      \(SVG.style)
      </style>
      \(body.joined(separator: "\n"))
      </svg>

      """
  }

  private func draw(_ panel: Panel, _ left: Double, _ top: Double) -> [String] {
    let bottom = top + Self.panel.height
    let right = left + Self.panel.width
    func x(_ value: Double) -> Double {
      left + (log10(value) - xs.lowerBound) / (xs.upperBound - xs.lowerBound) * Self.panel.width
    }
    func y(_ value: Double) -> Double {
      bottom - (log10(value) - ys.lowerBound) / (ys.upperBound - ys.lowerBound) * Self.panel.height
    }
    var out: [String] = []
    for power in stride(from: ys.lowerBound, through: ys.upperBound, by: 1) {
      let at = y(pow(10, power))
      out.append(SVG.line(left, at, right, at, power == ys.lowerBound ? "axis" : "grid"))
      out.append(SVG.text(Self.seconds(power), left - 10, at + 4.5, "end muted"))
    }
    for power in stride(from: xs.lowerBound, through: xs.upperBound, by: 1) {
      let at = x(pow(10, power))
      out.append(SVG.line(at, top, at, bottom, "grid"))
      out.append(SVG.text(Self.count(power), at, bottom + 20, "middle muted"))
    }
    out.append(SVG.text(panel.title, left, top - 14, "value"))
    if let ratio = panel.ratio {
      out.append(
        SVG.text(String(format: ratio < 10 ? "%.1f× faster" : "%.0f× faster", ratio), right, top - 14, "end bonsai"))
    }
    for (points, name) in [(panel.copy, "copy"), (panel.torch, "torch"), (panel.bonsai, "bonsai")] where !points.isEmpty
    {
      let path = points.map { "\(SVG.tenth(x($0.x))),\(SVG.tenth(y($0.y)))" }.joined(separator: " ")
      out.append("<polyline class=\"\(name)-line\" points=\"\(path)\"/>")
      if name != "copy" {
        out += points.map {
          "<circle class=\"\(name)-dot\" cx=\"\(SVG.tenth(x($0.x)))\" cy=\"\(SVG.tenth(y($0.y)))\" r=\"4\"/>"
        }
      }
    }
    return out
  }

  /// The names of the lines, each behind a piece of its line, in the picture's corner, where no line can run through them.
  private static func legend(right: Double, _ y: Double) -> [String] {
    var out: [String] = []
    var x = right
    for (name, label, length) in [
      ("copy", "copy of as many bytes", 142.0), ("torch", "PyTorch", 50.0), ("bonsai", "Bonsai", 44.0),
    ] {
      x -= length
      out.append(SVG.text(label, x, y + 4.5, name))
      out.append("<polyline class=\"\(name)-line\" points=\"\(SVG.tenth(x - 36)),\(y) \(SVG.tenth(x - 8)),\(y)\"/>")
      if name != "copy" {
        out.append("<circle class=\"\(name)-dot\" cx=\"\(SVG.tenth(x - 22))\" cy=\"\(y)\" r=\"4\"/>")
      }
      x -= 60
    }
    return out
  }

  private static func seconds(_ power: Double) -> String {
    let names = [
      -6: "1 µs", -5: "10 µs", -4: "100 µs", -3: "1 ms", -2: "10 ms", -1: "100 ms", 0: "1 s", 1: "10 s", 2: "100 s",
    ]
    return names[Int(power)] ?? "1e\(Int(power)) s"
  }

  private static func count(_ power: Double) -> String {
    let names = [3: "1K", 4: "10K", 5: "100K", 6: "1M", 7: "10M", 8: "100M", 9: "1G"]
    return names[Int(power)] ?? "1e\(Int(power))"
  }
}
