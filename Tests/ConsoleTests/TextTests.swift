import Testing

@testable import Console

@Suite struct TextTests {
  @Test func tableAlignsItsColumns() {
    let table = TextTable(
      columns: [.init("layer", .left), .init("kept"), .init("")],
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
    #expect([999_949, 999_950, 4_294_967_296, 1 << 50].map(\.bytes) == ["999.9 kB", "1.0 MB", "4.3 GB", "1.1 PB"])
    #expect([0.125, 1.0 / 3, -2].map { $0.fixed(2) } == ["0.12", "0.33", "-2.00"])
    #expect([0, 1, 1_200].map { $0.counted("tensor") } == ["0 tensors", "1 tensor", "1 200 tensors"])
    #expect("ab".padded(to: 4) == "ab  " && "ab".padded(to: 4, .right) == "  ab" && "abc".padded(to: 2) == "abc")
  }
}
