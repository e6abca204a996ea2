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

  /// Of several weights that do not fit, both name the same one: a sample of the file is no reason to look elsewhere first.
  @Test func severalUnfitWeightsAreRefusedInOneOrder() throws {
    let outcome = try RecipePairs(seed: 5, range: 14_910..<14_925, failureLimit: 1).run()
    #expect(outcome.mismatches.isEmpty)
  }
}
