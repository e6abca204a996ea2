import Console

/// A picture in SVG, put together element by element. Coordinates are pixels from the top left.
package struct SVGDocument {
  /// Its width in pixels.
  package let width: Double
  /// Its height in pixels.
  package let height: Double
  /// What the picture shows, for those who do not see it.
  package let title: String
  /// Rules for the classes that elements name.
  package let style: String
  private var elements: [String] = []

  /// An empty picture.
  package init(width: Double, height: Double, title: String, style: String) {
    self.width = width
    self.height = height
    self.title = title
    self.style = style
  }

  /// A point of a line.
  package typealias Point = (x: Double, y: Double)

  /// A straight line.
  package mutating func line(_ a: Point, _ b: Point, class name: String) {
    element("line", ["x1": a.x, "y1": a.y, "x2": b.x, "y2": b.y], class: name)
  }

  /// A line through several points.
  package mutating func polyline(_ points: [Point], class name: String) {
    let path = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
    elements.append("<polyline class=\"\(name)\" points=\"\(path)\"/>")
  }

  /// A disc.
  package mutating func circle(_ center: Point, radius: Double, class name: String) {
    element("circle", ["cx": center.x, "cy": center.y, "r": radius], class: name)
  }

  /// A rectangle, its corners rounded where `corner` is not 0.
  package mutating func rectangle(
    _ origin: Point, width: Double, height: Double, corner: Double = 0, class name: String
  ) {
    element(
      "rect", ["x": origin.x, "y": origin.y, "width": width, "height": height, "rx": corner], class: name)
  }

  /// A line of text whose baseline is at `position`; classes `middle` and `end` move it to the left.
  package mutating func text(_ text: String, _ position: Point, class name: String) {
    elements.append(
      "<text class=\"\(name)\" x=\"\(Self.number(position.x))\" y=\"\(Self.number(position.y))\">"
        + "\(Markup.escaped(text))</text>")
  }

  /// The whole file.
  package var source: String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.number(width)) \(Self.number(height))" \
    width="\(Self.number(width))" height="\(Self.number(height))" role="img">
    <title>\(Markup.escaped(title))</title>
    <style>
    \(style)
    </style>
    \(elements.joined(separator: "\n"))
    </svg>

    """
  }

  private mutating func element(_ tag: String, _ attributes: KeyValuePairs<String, Double>, class name: String) {
    let text = attributes.map { "\($0)=\"\(Self.number($1))\"" }.joined(separator: " ")
    elements.append("<\(tag) class=\"\(name)\" \(text)/>")
  }

  /// A tenth of a pixel is enough.
  private static func number(_ value: Double) -> String {
    let rounded = (value * 10).rounded() / 10
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}
