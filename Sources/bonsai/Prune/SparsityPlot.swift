import Console
import Pictures
import Recipes

/// A picture of what was pruned: a bar for each tensor, as long as its sparsity.
struct SparsityPlot {
  let svg: String

  init(_ report: PruningReport) {
    let (row, left, width, top) = (18, 260, 480, 44)
    let height = top + row * max(report.tensors.count, 1) + 46
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(left + width + 90)\" height=\"\(height)\""
        + " viewBox=\"0 0 \(left + width + 90) \(height)\" font-family=\"sans-serif\" font-size=\"11\">",
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
      "<text x=\"\(left)\" y=\"18\" font-size=\"13\">sparsity of each tensor; \(report.sparsity.exactPercent) in all</text>",
    ]
    let bottom = height - 34
    for tenth in 0...10 where tenth % 2 == 0 {
      let x = left + width * tenth / 10
      lines.append("<line x1=\"\(x)\" y1=\"\(top - 10)\" x2=\"\(x)\" y2=\"\(bottom)\" stroke=\"#ddd\"/>")
      lines.append("<text x=\"\(x)\" y=\"\(bottom + 16)\" text-anchor=\"middle\" fill=\"#555\">\(tenth * 10) %</text>")
    }
    for (number, tensor) in report.tensors.enumerated() {
      let y = top + row * number
      let name = tensor.name.count > 40 ? "…" + tensor.name.suffix(39) : tensor.name
      let length = (tensor.sparsity * Double(width)).fixed(1)
      lines.append(
        "<text x=\"\(left - 8)\" y=\"\(y + 9)\" text-anchor=\"end\">\(Markup.escaped(name))"
          + "<title>\(Markup.escaped(tensor.name)): \(tensor.pruned) of \(tensor.entries)</title></text>")
      lines.append("<rect x=\"\(left)\" y=\"\(y)\" width=\"\(length)\" height=\"\(row - 6)\" fill=\"#2a7f4f\"/>")
      let end = (Double(left + 5) + tensor.sparsity * Double(width)).fixed(1)
      lines.append("<text x=\"\(end)\" y=\"\(y + 9)\" fill=\"#555\">\(tensor.sparsity.exactPercent)</text>")
    }
    let overall = (Double(left) + report.sparsity * Double(width)).fixed(1)
    lines.append(
      "<line x1=\"\(overall)\" y1=\"\(top - 10)\" x2=\"\(overall)\" y2=\"\(bottom)\" stroke=\"#c04020\""
        + " stroke-dasharray=\"4 3\"/>")
    svg = (lines + ["</svg>", ""]).joined(separator: "\n")
  }
}
