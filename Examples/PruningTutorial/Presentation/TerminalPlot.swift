import Console
import Foundation

/// Accuracy against sparsity, before and after fine-tuning, drawn with characters. A pure function of the results.
struct TerminalPlot {
  let results: Results
  /// The characters of a line, axis and labels included.
  var width = 76
  /// The lines between the axes.
  var height = 14
  var colored = false

  private static let margin = 8
  private static let marker = (pruned: Character("○"), fineTuned: Character("●"), duringTraining: Character("◆"))

  /// The picture, line by line.
  var lines: [String] {
    let scale = SparsityScale(results.points.map(\.sparsity))
    let accuracies = AccuracyScale(results.points.flatMap { [$0.pruned, $0.fineTuned, $0.duringTraining] })
    let columns = max(20, width - Self.margin - 4)
    let xs = results.points.map { scale.position($0.sparsity) * Double(columns - 1) }
    func row(_ accuracy: Double) -> Double { (1 - accuracies.position(accuracy)) * Double(height - 1) }

    let grid = layers(columns: columns, xs: xs, row: row)
    let marks = Dictionary(accuracies.marks.map { (Int(row($0).rounded()), $0) }) { first, _ in first }
    var lines = [legend, ""]
    for y in 0..<height {
      let label = marks[y].map { String(format: "%.0f %%", $0 * 100) } ?? ""
      lines.append(label.padded(to: Self.margin - 2, .right) + (marks[y] == nil ? " │" : " ┤") + grid[y])
    }
    return lines + axis(columns: columns, xs: xs)
  }

  /// The two curves laid over each other: lines in braille, points as markers.
  private func layers(columns: Int, xs: [Double], row: (Double) -> Double) -> [String] {
    let curves = [
      (results.points.map(\.pruned), Self.marker.pruned, 3, Terminal.Style.orange),
      (results.points.map(\.duringTraining), Self.marker.duringTraining, 0, .blue),
      (results.points.map(\.fineTuned), Self.marker.fineTuned, 0, .green),
    ]
    var cells = Array(repeating: Array(repeating: " ", count: columns), count: height)
    for (accuracies, _, gap, style) in curves {
      var canvas = BrailleCanvas(columns: columns, rows: height)
      let points = zip(xs, accuracies).map { (x: $0 * 2 + 0.5, y: row($1) * 4 + 1.5) }
      for (a, b) in zip(points, points.dropFirst()) { canvas.line(from: a, to: b, gap: gap) }
      for y in 0..<height {
        for x in 0..<columns where canvas.character(column: x, row: y) != " " {
          cells[y][x] = paint(canvas.character(column: x, row: y), style)
        }
      }
    }
    for (accuracies, marker, _, style) in curves {
      for (x, accuracy) in zip(xs, accuracies) {
        cells[Int(row(accuracy).rounded())][Int(x.rounded())] = paint(marker, style)
      }
    }
    return cells.map { String($0.joined().reversed().drop { $0 == " " }.reversed()) }
  }

  private var legend: String {
    String(repeating: " ", count: Self.margin)
      + paint(Self.marker.duringTraining, .blue) + " in training   " + paint(Self.marker.fineTuned, .green)
      + " fine-tuned   " + paint(Self.marker.pruned, .orange) + " pruned only"
  }

  /// The horizontal axis, and the sparsities below it where there is room.
  private func axis(columns: Int, xs: [Double]) -> [String] {
    var line = Array(repeating: Character("─"), count: columns)
    var labels = Array(repeating: Character(" "), count: Self.margin + columns + 4)
    var free = 0
    for (x, point) in zip(xs, results.points) {
      line[Int(x.rounded())] = "┬"
      let label = Array(point.sparsity.percent)
      let start = Self.margin + Int(x.rounded()) - label.count / 2
      guard start >= free, start + label.count <= labels.count else { continue }
      labels.replaceSubrange(start..<start + label.count, with: label)
      free = start + label.count + 1
    }
    let title = "sparsity: weights set to zero"
    return [
      String(repeating: " ", count: Self.margin - 1) + "└" + String(line),
      String(String(labels).reversed().drop { $0 == " " }.reversed()),
      String(repeating: " ", count: Self.margin + max(0, (columns - title.count) / 2)) + title,
    ]
  }

  private func paint(_ character: Character, _ style: Terminal.Style) -> String {
    colored ? style.applied(to: String(character)) : String(character)
  }
}
