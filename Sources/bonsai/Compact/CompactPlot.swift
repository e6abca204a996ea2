import Console
import Pictures

/// A picture of what is left: a bar for each group of channels, and in it how many stay.
struct CompactPlot {
  let svg: String

  init(_ report: CompactReport) {
    let (row, left, width, top) = (18, 260, 480, 30)
    let most = report.groups.map(\.unitsBefore).max() ?? 1
    let height = top + row * max(report.groups.count, 1) + 20
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(left + width + 90)\" height=\"\(height)\""
        + " font-family=\"sans-serif\" font-size=\"11\">",
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
      "<text x=\"\(left)\" y=\"18\" font-size=\"13\">channels of each group before and after</text>",
    ]
    for (number, group) in report.groups.enumerated() {
      let y = top + row * number
      func bar(_ count: Int, _ color: String) -> String {
        let length = Double(count) / Double(most) * Double(width)
        return "<rect x=\"\(left)\" y=\"\(y)\" width=\"\(length.fixed(1))\" height=\"\(row - 6)\" fill=\"\(color)\"/>"
      }
      let end = Double(left + 5) + Double(group.unitsBefore) / Double(most) * Double(width)
      lines.append(
        "<text x=\"\(left - 8)\" y=\"\(y + 9)\" text-anchor=\"end\">\(Markup.escaped(group.name.suffix(40)))</text>"
          + bar(group.unitsBefore, "#d0d8e4") + bar(group.unitsAfter, "#2a7f4f")
          + "<text x=\"\(end.fixed(1))\" y=\"\(y + 9)\" fill=\"#555\">\(group.unitsAfter) of \(group.unitsBefore)</text>"
      )
    }
    svg = (lines + ["</svg>", ""]).joined(separator: "\n")
  }
}
