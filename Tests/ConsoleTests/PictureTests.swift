import Foundation
import Testing

@testable import Pictures

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("Pictures")
struct PictureTests {
  @Test("names are no markup, whatever is in them")
  func escaping() {
    #expect(Markup.escaped("a<b>&\"'\u{7}") == "a&lt;b&gt;&amp;&quot;&#39;?")
    let plot = LinePlot(
      "<script>", subtitle: "&", x: .init("x", { "\($0)" }), y: .init("y", { "\($0)" }),
      [.init("</text><b>", [(0, 1), (1, 2), (2, .nan)]), .init("none", [])])
    #expect(XMLParser(data: Data(plot.svg.utf8)).parse() && !plot.svg.contains("<script"))
  }

  @Test(
    "marks are round and enclose the values",
    arguments: [[0, 1], [0.3, 0.35], [-2, 17], [5], [], [0, 0], [1e-7, 3e-7], [8123, 912_345]] as [[Double]])
  func marks(_ values: [Double]) {
    let marks = LinePlot.marks(values)
    #expect((2...9).contains(marks.count) && marks == marks.sorted())
    if let low = values.min(), let high = values.max() {
      #expect(marks[0] <= low + 1e-12 && marks[marks.count - 1] >= high - 1e-12)
    }
  }
}
