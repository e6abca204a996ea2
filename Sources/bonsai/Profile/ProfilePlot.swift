import Checkpoints
import Console
import EngineMessages
import Pictures

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A picture of where the time goes: a bar for each module, as long as its time.
struct ProfilePlot {
  let svg: String

  init(_ result: ProfileResult) {
    let (row, left, width, top) = (18, 260, 480, 30)
    let rows = result.rows.filter { $0.milliseconds > 0 }
    let most = rows.map(\.milliseconds).max() ?? 1
    let height = top + row * max(rows.count, 1) + 20
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(left + width + 90)\" height=\"\(height)\""
        + " font-family=\"sans-serif\" font-size=\"11\">",
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
      "<text x=\"\(left)\" y=\"18\" font-size=\"13\">milliseconds of each module; \(result.milliseconds.fixed(2)) in all</text>",
    ]
    for (number, one) in rows.enumerated() {
      let y = top + row * number
      let name = one.module.isEmpty ? "(model)" : String(one.module.withoutControls.suffix(40))
      let length = one.milliseconds / most * Double(width)
      lines.append(
        "<text x=\"\(left - 8)\" y=\"\(y + 9)\" text-anchor=\"end\">\(Markup.escaped(name))</text>"
          + "<rect x=\"\(left)\" y=\"\(y)\" width=\"\(length.fixed(1))\" height=\"\(row - 6)\" fill=\"#2a5f9f\"/>"
          + "<text x=\"\((Double(left + 5) + length).fixed(1))\" y=\"\(y + 9)\" fill=\"#555\">"
          + "\(one.milliseconds.fixed(3))</text>")
    }
    svg = (lines + ["</svg>", ""]).joined(separator: "\n")
  }

  /// Writes the picture; it takes its place in one step.
  func write(to path: String) throws { try TextFile.write(svg, to: path) }
}
