import Console

/// Lines in a plane with axes, each with its name at its end, as SVG. A pure function of what it shows.
package struct LinePlot {
  /// A line.
  package struct Series {
    /// What it is called.
    package var name: String
    /// Its points, from left to right.
    package var points: [SVGDocument.Point]
    /// Whether only its points are drawn.
    package var isLoose: Bool

    /// A line.
    package init(_ name: String, _ points: [SVGDocument.Point], isLoose: Bool = false) {
      (self.name, self.points, self.isLoose) = (name, points, isLoose)
    }
  }

  /// An axis.
  package struct Axis {
    /// What it measures.
    package var name: String
    /// How a number on it is written.
    package var text: (Double) -> String

    /// An axis.
    package init(_ name: String, _ text: @escaping (Double) -> String) { (self.name, self.text) = (name, text) }
  }

  private let title: String
  private let subtitle: String
  private let x: Axis
  private let y: Axis
  private let series: [Series]
  private let xMarks: [Double]
  private let yMarks: [Double]

  /// - Parameters:
  ///   - title: what it shows.
  ///   - subtitle: how that came about.
  ///   - x: the axis to the right.
  ///   - y: the axis upwards.
  ///   - series: the lines; points that are no finite numbers are left out.
  package init(_ title: String, subtitle: String = "", x: Axis, y: Axis, _ series: [Series]) {
    (self.title, self.subtitle, self.x, self.y) = (title, subtitle, x, y)
    self.series = series.map { line in
      Series(line.name, line.points.filter { $0.x.isFinite && $0.y.isFinite }, isLoose: line.isLoose)
    }
    let points = self.series.flatMap(\.points)
    xMarks = Self.marks(points.map(\.x))
    yMarks = Self.marks(points.map(\.y))
  }

  /// Round numbers around the values: five steps or so of 1, 2 or 5 times a power of ten.
  static func marks(_ values: [Double]) -> [Double] {
    let (low, high) = (values.min() ?? 0, values.max() ?? 1)
    let span = high > low ? high - low : max(Swift.abs(high), 1)
    var power = 1.0
    while power * 10 <= span { power *= 10 }
    while power > span { power /= 10 }
    let step = [0.2, 0.5, 1, 2].map { $0 * power }.first { span / $0 <= 6 } ?? 2 * power
    let (first, last) = ((low / step + 1e-9).rounded(.down), (high / step - 1e-9).rounded(.up))
    return stride(from: first, through: max(last, first + 1), by: 1).map { $0 * step }
  }

  private static let size = (width: 860.0, left: 84.0, right: 190.0, top: 108.0, bottom: 66.0)

  /// The file's content.
  package var svg: String {
    let names = series.count(where: { !$0.points.isEmpty })
    let height = max(300, Double(names) * 17)
    var document = SVGDocument(
      width: Self.size.width, height: Self.size.top + height + Self.size.bottom, title: title, style: Self.style)
    let area = (
      left: Self.size.left, right: Self.size.width - Self.size.right, top: Self.size.top, bottom: Self.size.top + height
    )
    func place(_ value: Double, _ marks: [Double]) -> Double {
      (value - marks[0]) / (marks[marks.count - 1] - marks[0])
    }
    func at(_ point: SVGDocument.Point) -> SVGDocument.Point {
      (
        area.left + place(point.x, xMarks) * (area.right - area.left),
        area.bottom - place(point.y, yMarks) * (area.bottom - area.top)
      )
    }
    document.rectangle(
      (0.5, 0.5), width: document.width - 1, height: document.height - 1, corner: 10, class: "ground")
    document.text(title, (28, 36), class: "title")
    document.text(subtitle, (28, 58), class: "muted")
    for mark in yMarks {
      let y = at((xMarks[0], mark)).y
      document.line((area.left, y), (area.right, y), class: mark == yMarks[0] ? "axis" : "grid")
      document.text(self.y.text(mark), (area.left - 10, y + 4), class: "end muted")
    }
    for mark in xMarks {
      let x = at((mark, yMarks[0])).x
      document.line((x, area.bottom), (x, area.bottom + 5), class: "axis")
      document.text(self.x.text(mark), (x, area.bottom + 21), class: "middle muted")
    }
    document.text(y.name, (area.left - 56, area.top - 14), class: "muted")
    document.text(x.name, (area.right, area.bottom + 42), class: "end muted")
    for (number, line) in series.enumerated() {
      let points = line.points.map(at)
      if !line.isLoose { document.polyline(points, class: "line c\(number % Self.colours.count)") }
      for point in points { document.circle(point, radius: 3.5, class: "dot c\(number % Self.colours.count)") }
    }
    // Names that would touch move apart: downwards, and all of them up again where the last would leave the picture.
    let ends = series.enumerated().compactMap { number, line in line.points.last.map { (number, line.name, at($0)) } }
      .sorted { $0.2.y < $1.2.y }
    var places: [Double] = []
    for end in ends { places.append(max(end.2.y + 4, (places.last ?? -.infinity) + 16)) }
    let excess = max(0, (places.last ?? 0) - area.bottom - 8)
    for (end, y) in zip(ends, places) {
      document.text(
        end.1.count > 24 ? "…" + end.1.suffix(23) : end.1, (max(end.2.x, area.right) + 14, y - excess),
        class: "name n\(end.0 % Self.colours.count)")
    }
    return document.source
  }

  private static let colours = [
    "#2b6cb0", "#c05621", "#2f855a", "#6b46c1", "#b83280", "#0f766e", "#a16207", "#475569",
  ]

  private static let style =
    """
    text { font: 12.5px -apple-system, "Segoe UI", Inter, "Helvetica Neue", Arial, sans-serif; fill: #1d2733; \
    font-variant-numeric: tabular-nums }
    .middle { text-anchor: middle } .end { text-anchor: end } .title { font-size: 17px; font-weight: 600 }
    .muted { fill: #66727f } .ground { fill: #ffffff; stroke: #dde2e7 } .grid { stroke: #e9edf0 } .axis { stroke: #aab4be }
    .line { fill: none; stroke-width: 2; stroke-linejoin: round }

    """
    + colours.enumerated().map { number, colour in
      ".line.c\(number) { stroke: \(colour) } .dot.c\(number), .name.n\(number) { fill: \(colour) }"
    }.joined(separator: "\n")
}
