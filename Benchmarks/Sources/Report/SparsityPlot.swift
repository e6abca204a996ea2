import Foundation
import Pictures
import SparseKernels

/// How many times as fast as dense against the share of zeros, a panel for each layer and a line for each format, as SVG. A
/// pure function of the results.
struct SparsityPlot {
  private static let grid = PanelGrid(
    panel: (width: 270.0, height: 190.0, gapX: 60.0, gapY: 84.0),
    margin: (left: 66.0, top: 142.0, right: 32.0, bottom: 60.0))
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
    var picture = Self.grid.picture(
      of: panels.count, description: "How many times as fast as dense sparse layers are, against the share of zeros",
      title: "Sparse layers: times as fast as LibTorch's dense ones", subtitle: subtitle)
    addLegend(to: &picture, left: 32, 98)
    for (place, panel) in panels.enumerated() {
      let corner = Self.grid.corner(place)
      add(panel.name, panel.results, to: &picture, corner.x, corner.y)
    }
    return picture.source
  }

  private func add(
    _ name: String, _ results: [SparseCase.Result], to picture: inout SVGDocument, _ left: Double, _ top: Double
  ) {
    let (bottom, right) = (top + Self.grid.panel.height, left + Self.grid.panel.width)
    func x(_ value: Double) -> Double {
      left + (value - xs.lowerBound) / (xs.upperBound - xs.lowerBound) * Self.grid.panel.width
    }
    func y(_ power: Double) -> Double {
      bottom - (power - ys.lowerBound) / (ys.upperBound - ys.lowerBound) * Self.grid.panel.height
    }
    picture.text(name, (left, top - 12), class: "value")
    for power in stride(from: ys.lowerBound, through: ys.upperBound, by: 1) {
      picture.line((left, y(power)), (right, y(power)), class: power == 0 ? "axis" : "grid")
      picture.text(String(format: "%g×", exp2(power)), (left - 8, y(power) + 4.5), class: "end muted")
    }
    for share in [0.5, 0.6, 0.7, 0.8, 0.9, 0.98] where xs.contains(share) {
      picture.line((x(share), top), (x(share), bottom), class: "grid")
      picture.text(String(format: "%.0f %%", share * 100), (x(share), bottom + 18), class: "middle muted")
    }
    for (format, colour) in Self.formats {
      let points = results.filter { $0.format == format }.sorted { $0.sparsity < $1.sparsity }.map {
        (x: x($0.sparsity), y: y(log2($0.ratio)))
      }
      guard !points.isEmpty else { continue }
      picture.polyline(points, class: "\(colour)-line")
      for point in points { picture.circle(point, radius: 3.5, class: "\(colour)-dot") }
    }
  }

  private func addLegend(to picture: inout SVGDocument, left: Double, _ y: Double) {
    let found = Set(panels.flatMap(\.results).map(\.format))
    var x = left
    for (format, colour) in Self.formats where found.contains(format) {
      picture.polyline([(x, y), (x + 28, y)], class: "\(colour)-line")
      picture.text(format.rawValue, (x + 36, y + 4.5), class: colour)
      x += 120
    }
  }
}
