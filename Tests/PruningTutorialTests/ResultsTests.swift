import Foundation
import Testing

@testable import PruningTutorial

@Suite struct ResultsTests {
  @Test func table() {
    #expect(
      typical.table.rows[2] == ["90 %", "6 147", "60.00 %", "88.00 %", "89.00 %", "247.6 kB", "34.6 kB", "7.2×"])
    #expect(typical.table.lines.count == 2 + 3)
  }

  @Test func csv() {
    #expect(
      typical.csv == """
        sparsity,kept_weights,accuracy_pruned,accuracy_fine_tuned,accuracy_during_training,file_bytes,packed_file_bytes
        0.0,61470,0.88,0.88,0.89,247592,255880
        0.5,30735,0.87,0.89,0.9,247592,132940
        0.9,6147,0.6,0.88,0.89,247592,34588

        """)
  }

  @Test func jsonReadsBack() throws {
    let text = try typical.json
    #expect(try JSONDecoder().decode(Results.self, from: Data(text.utf8)) == typical)
  }

  @Test func outputFolderTellsWhatTheSystemRefused() throws {
    let folder = TemporaryFolder()
    let output = try OutputFolder(folder.path)
    try output.write("one", to: "a.txt")
    try output.write("two", to: "a.txt")
    #expect(try String(contentsOfFile: output.path("a.txt"), encoding: .utf8) == "two")
    let error = #expect(throws: OutputError.self) { try OutputFolder(output.path("a.txt") + "/b") }
    #expect(error?.description.hasSuffix("name another folder with --out") == true)
    #expect(throws: OutputError.self) { try output.write("three", to: "absent/a.txt") }
  }
}
