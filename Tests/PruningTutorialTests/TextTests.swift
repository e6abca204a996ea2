import Testing

@testable import PruningTutorial

@Suite struct TextTests {
  @Test func tableAlignsItsColumns() {
    let table = TextTable(
      columns: [.init(title: "layer", alignment: .left), .init(title: "kept"), .init(title: "")],
      rows: [["conv1", "150", "1.0×"], ["fc", "48 000", ""]])
    #expect(
      table.lines
        == [
          "layer     kept",
          "────────────────────────",
          "conv1      150   1.0×",
          "fc      48 000",
        ].map { $0.hasPrefix("─") ? String(repeating: "─", count: 5 + 3 + 6 + 3 + 4) : $0 })
  }

  @Test func numbers() {
    #expect([0.5, 0.0005, 0.995, 1, 0.9999].map(\.percent) == ["50 %", "0.1 %", "99.5 %", "100 %", "100 %"])
    #expect(0.8802.exactPercent == "88.02 %")
    #expect([0, 999, 1_000, 61_470, -1_234_567].map(\.grouped) == ["0", "999", "1 000", "61 470", "-1 234 567"])
    #expect([0, 999, 1_000, 247_592, 3_400_000].map(\.bytes) == ["0 B", "999 B", "1.0 kB", "247.6 kB", "3.4 MB"])
    #expect("ab".padded(to: 4) == "ab  " && "ab".padded(to: 4, .right) == "  ab" && "abc".padded(to: 2) == "abc")
  }
}
