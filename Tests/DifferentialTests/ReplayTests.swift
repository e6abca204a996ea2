import DifferentialHarness
import Foundation
import Testing

/// Programs on which the sides once differed, in `Programs`.
@Suite(.serialized, .enabled(if: Oracle.isAvailable, "needs a python3 with torch and safetensors"))
struct ReplayTests {
  @Test(
    "both sides agree on programs that they once differed on",
    arguments: ["undo-between-prunings", "whole-scores-on-fractions"])
  func agreement(_ name: String) throws {
    let file = try #require(Bundle.module.url(forResource: "Programs/\(name)", withExtension: "json"))
    let program = try Program(json: Data(contentsOf: file))
    let outcome = try ProgramRunner(Oracle()).run(program)
    guard case .agreed = outcome else {
      Issue.record("\(program)\n\(outcome)")
      return
    }
  }
}
