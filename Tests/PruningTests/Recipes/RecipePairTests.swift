import Foundation
import Testing

/// The same recipe in memory and on files of the same tensors.
@Suite("Recipes: memory against files", .serialized) struct RecipePairTests {
  /// `BONSAI_PAIRS=20000` for a long run, `BONSAI_SEED` for where it begins.
  static let count = ProcessInfo.processInfo.environment["BONSAI_PAIRS"].flatMap { Int($0) } ?? 300
  static let seed = ProcessInfo.processInfo.environment["BONSAI_SEED"].flatMap { UInt64($0) } ?? 0

  @Test("random models and recipes give the same bits, or are refused alike")
  func pairs() throws {
    var mismatches = 0
    var refusals: [String: Int] = [:]
    for number in 0..<UInt64(Self.count) {
      let pair = try RecipePair(seed: Self.seed + number)
      let (difference, refusal) = try pair.difference()
      if let refusal { refusals[refusal, default: 0] += 1 }
      if let difference {
        mismatches += 1
        Issue.record("seed \(Self.seed + number): \(difference)\nrecipe: \(pair.recipe)\nmodel: \(pair.model)")
        if mismatches == 5 { break }
      }
    }
    #expect(mismatches == 0)
    // Most recipes are carried out; else the comparison says little.
    print("\(Self.count) pairs, \(mismatches) mismatches; refused by both: \(refusals)")
    #expect(refusals.values.reduce(0, +) < Self.count / 2)
  }
}
