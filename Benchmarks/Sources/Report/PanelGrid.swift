import Pictures

/// Panels of one size in three columns under a title: the frame that pictures of benchmarks share.
struct PanelGrid {
  /// The size of a panel and the gaps between panels.
  let panel: (width: Double, height: Double, gapX: Double, gapY: Double)
  /// What is left free around all panels.
  let margin: (left: Double, top: Double, right: Double, bottom: Double)
  private let columns = 3

  /// As wide as the words above the panels need, however few there are.
  var width: Double { margin.left + Double(columns) * (panel.width + panel.gapX) - panel.gapX + margin.right }

  /// The picture without its panels.
  ///
  /// - Parameters:
  ///   - count: how many panels there will be.
  ///   - description: what the picture shows, for those who do not see it.
  ///   - title: what stands above it.
  ///   - subtitle: what stands below the title.
  func picture(of count: Int, description: String, title: String, subtitle: String) -> SVGDocument {
    let rows = (count + columns - 1) / columns
    let height = margin.top + Double(rows) * (panel.height + panel.gapY) - panel.gapY + margin.bottom
    var picture = SVGDocument(width: width, height: height, title: description, style: PlotStyle.rules)
    picture.rectangle((0.5, 0.5), width: width - 1, height: height - 1, corner: 12, class: "ground")
    picture.text(title, (32, 46), class: "title")
    picture.text(subtitle, (32, 72), class: "muted")
    return picture
  }

  /// The upper left corner of a panel.
  func corner(_ place: Int) -> (x: Double, y: Double) {
    (
      margin.left + Double(place % columns) * (panel.width + panel.gapX),
      margin.top + Double(place / columns) * (panel.height + panel.gapY)
    )
  }
}
