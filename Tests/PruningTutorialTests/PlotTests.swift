import Foundation
import Testing

@testable import PruningTutorial

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct PlotTests {
  /// Half as many weights are one step each, whatever the end of the axis.
  @Test func sparsityScale() {
    let scale = SparsityScale([0, 0.5, 0.75, 0.875])
    #expect([0, 0.5, 0.75, 0.875, 0.99].map { (scale.position($0) * 3).rounded() } == [0, 1, 2, 3, 3])
    #expect(SparsityScale([]).position(0.5) == 0 && SparsityScale([0]).position(0) == 0)
    #expect(SparsityScale([0, 1]).position(1) == 1 && SparsityScale([0, 1]).position(0.5).isFinite)
  }

  @Test(
    arguments: [
      ([0.88, 0.17], 0.0, 0.2, 6), ([0.88, 0.42], 0.2, 0.2, 5), ([0.95, 0.9], 0.88, 0.02, 7), ([1, 1], 0.99, 0.01, 2),
      ([0], 0, 0.2, 6),
    ] as [([Double], Double, Double, Int)])
  func accuracyScale(accuracies: [Double], lowest: Double, step: Double, marks: Int) throws {
    let scale = AccuracyScale(accuracies)
    #expect(abs(scale.lowest - lowest) < 1e-9 && scale.step == step && scale.marks.count == marks)
    #expect(accuracies.allSatisfy { (0...1).contains(scale.position($0)) })
    #expect(abs(try #require(scale.marks.last) - 1) < 1e-9)
  }

  @Test func brailleCanvas() {
    var canvas = BrailleCanvas(columns: 2, rows: 1)
    canvas.line(from: (0, 0), to: (3, 3))
    #expect((0..<2).map { canvas.character(column: $0, row: 0) } == ["⠑", "⢄"])
    canvas.set(x: -1, y: 0)
    canvas.set(x: 4, y: 0)
    canvas.set(x: 0, y: 4)
    #expect(canvas.character(column: 0, row: 0) == "⠑")
    #expect(BrailleCanvas(columns: 1, rows: 1).character(column: 0, row: 0) == " ")
  }

  @Test func terminalPlot() {
    let lines = TerminalPlot(results: typical, width: 44, height: 6).lines
    #expect(
      lines == [
        "        ◆ in training   ● fine-tuned   ○ pruned only",
        "",
        " 100 % ┤",
        "  90 % ┤●⠤⠤⠤⠤⠤⠤⠤⠤●⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤●",
        "  80 % ┤            ⠈⠑ ⠠⠤ ⢀⡀",
        "  70 % ┤                   ⠈ ⠐⠒ ⠠⢄",
        "  60 % ┤                           ⠈⠉ ⠐○",
        "  50 % ┤",
        "       └┬────────┬─────────────────────┬",
        "       0 %     50 %                  90 %",
        "         sparsity: weights set to zero",
      ])
    let colored = TerminalPlot(results: typical, width: 44, height: 6, colored: true).lines
    let plain = colored.map { $0.replacing(#/\u{1b}\[\d+m/#, with: "") }
    #expect(colored != lines && plain == lines)
  }

  @Test(
    arguments: [
      [(0, 0.1, 0.1)], [(0, 1, 1), (0.5, 1, 1)], [(0, 0.9, 0.9), (0.5, 0, 0), (1, 0, 0)],
      [(0, 0.9, 0.9), (0.9, 0.8, 0.7), (0.901, 0.8, 0.7), (0.902, 0.8, 0.7)],
    ] as [[(Double, Double, Double)]])
  func corners(_ points: [(Double, Double, Double)]) throws {
    let results = results(points.map { (sparsity: $0.0, pruned: $0.1, fineTuned: $0.2) })
    let lines = TerminalPlot(results: results).lines
    #expect(lines.count == 19 && lines.allSatisfy { $0.count <= 76 })
    let picture = try Picture(SVGPlot(results).source)
    #expect(picture.elements["polyline"] == 3 && !picture.source.contains("nan") && !picture.source.contains("inf"))
  }

  @Test func svg() throws {
    let picture = try Picture(SVGPlot(typical).source)
    #expect(picture.elements["polyline"] == 3)
    #expect(picture.elements["circle"] == 1 + 2 * 3)  // the unpruned model stands once
    for text in [
      "88.0", "87.0", "90.0", "60.0", "0 %", "50 %", "90 %", "fine-tuned", "pruned only", "in training", "133 kB",
    ] {
      #expect(picture.texts.contains(text), "\(text) is missing")
    }
    #expect(picture.texts.contains { $0.contains("after 1 epoch of fine-tuning, and pruned during as many") })
    // Everything lies within the picture.
    #expect(picture.xs.allSatisfy { (0...920).contains($0) } && picture.ys.allSatisfy { (0...590).contains($0) })
  }

  @Test func svgEscapesText() throws {
    var results = typical
    results.settings.device = "<a & b>"
    #expect(try Picture(SVGPlot(results).source).texts.contains { $0.hasSuffix("on <a & b>") })
  }
}

/// An SVG file as a parser sees it.
private final class Picture: NSObject, XMLParserDelegate {
  let source: String
  private(set) var elements: [String: Int] = [:]
  private(set) var texts: [String] = []
  private(set) var xs: [Double] = []
  private(set) var ys: [Double] = []
  private var text = ""

  struct Malformed: Error { let reason: String }

  init(_ source: String) throws {
    self.source = source
    super.init()
    let parser = XMLParser(data: Data(source.utf8))
    parser.delegate = self
    guard parser.parse() else { throw Malformed(reason: "\(String(describing: parser.parserError))") }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    elements[name, default: 0] += 1
    xs += ["x", "x1", "x2", "cx"].compactMap { attributes[$0].flatMap { Double($0) } }
    ys += ["y", "y1", "y2", "cy"].compactMap { attributes[$0].flatMap { Double($0) } }
    text = ""
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
    if name == "text" { texts.append(text) }
  }
}
