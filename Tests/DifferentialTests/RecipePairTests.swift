import DifferentialHarness
import Testing

/// The same recipe in memory and on files of the same tensors: a small part, on every change, of what `make pairs` runs.
@Suite("Recipes: memory against files", .serialized) struct RecipePairTests {
  @Test("random models and recipes give the same bits, or are refused alike", arguments: [0, 1] as [UInt64])
  func pairs(seed: UInt64) throws {
    let outcome = try RecipePairs(seed: seed, range: 0..<150, failureLimit: 3).run()
    for mismatch in outcome.mismatches { Issue.record("\(mismatch)") }
    // Most recipes are carried out; else the comparison says little.
    #expect(outcome.count == 150 && outcome.refusals.values.reduce(0, +) < 75)
  }
}
