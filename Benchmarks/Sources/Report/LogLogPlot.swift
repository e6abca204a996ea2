import Foundation
import Pictures

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

  private static let grid = PanelGrid(
    panel: (width: 300.0, height: 210.0, gapX: 66.0, gapY: 84.0),
    margin: (left: 84.0, top: 128.0, right: 28.0, bottom: 64.0))

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
    var picture = Self.grid.picture(
      of: panels.count, description: "Seconds of pruning calls against the number of weights, Bonsai and PyTorch",
      title: "Pruning calls of Bonsai and PyTorch", subtitle: subtitle)
    Self.addLegend(to: &picture, right: Self.grid.width - Self.grid.margin.right, 41)
    for (place, panel) in panels.enumerated() {
      let corner = Self.grid.corner(place)
      add(panel, to: &picture, corner.x, corner.y)
    }
    return picture.source
  }

  private func add(_ panel: Panel, to picture: inout SVGDocument, _ left: Double, _ top: Double) {
    let bottom = top + Self.grid.panel.height
    let right = left + Self.grid.panel.width
    func x(_ value: Double) -> Double {
      left + (log10(value) - xs.lowerBound) / (xs.upperBound - xs.lowerBound) * Self.grid.panel.width
    }
    func y(_ value: Double) -> Double {
      bottom - (log10(value) - ys.lowerBound) / (ys.upperBound - ys.lowerBound) * Self.grid.panel.height
    }
    for power in stride(from: ys.lowerBound, through: ys.upperBound, by: 1) {
      let at = y(pow(10, power))
      picture.line((left, at), (right, at), class: power == ys.lowerBound ? "axis" : "grid")
      picture.text(Self.seconds(power), (left - 10, at + 4.5), class: "end muted")
    }
    for power in stride(from: xs.lowerBound, through: xs.upperBound, by: 1) {
      let at = x(pow(10, power))
      picture.line((at, top), (at, bottom), class: "grid")
      picture.text(Self.count(power), (at, bottom + 20), class: "middle muted")
    }
    picture.text(panel.title, (left, top - 14), class: "value")
    if let ratio = panel.ratio {
      let text = String(format: ratio < 10 ? "%.1f× faster" : "%.0f× faster", ratio)
      picture.text(text, (right, top - 14), class: "end bonsai")
    }
    for (points, name) in [(panel.copy, "copy"), (panel.torch, "torch"), (panel.bonsai, "bonsai")] where !points.isEmpty
    {
      let path = points.map { (x: x($0.x), y: y($0.y)) }
      picture.polyline(path, class: "\(name)-line")
      if name != "copy" { for point in path { picture.circle(point, radius: 4, class: "\(name)-dot") } }
    }
  }

  /// The names of the lines, each behind a piece of its line, in the picture's corner, where no line can run through them.
  private static func addLegend(to picture: inout SVGDocument, right: Double, _ y: Double) {
    var x = right
    for (name, label, length) in [
      ("copy", "copy of as many bytes", 142.0), ("torch", "PyTorch", 50.0), ("bonsai", "Bonsai", 44.0),
    ] {
      x -= length
      picture.text(label, (x, y + 4.5), class: name)
      picture.polyline([(x - 36, y), (x - 8, y)], class: "\(name)-line")
      if name != "copy" { picture.circle((x - 22, y), radius: 4, class: "\(name)-dot") }
      x -= 60
    }
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
