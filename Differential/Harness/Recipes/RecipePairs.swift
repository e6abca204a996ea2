import Recipes

/// Random models and recipes, each carried out in memory and on a store of the same tensors.
public struct RecipePairs {
  /// What a run has found.
  public struct Outcome {
    /// How many pairs were run.
    public var count = 0
    /// Pairs that differ: which, and in what.
    public var mismatches: [String] = []
    /// How many recipes both ways refused, by reason.
    public var refusals: [String: Int] = [:]
  }

  private let seed: UInt64
  private let range: Range<Int>
  private let limit: Int

  /// Pairs of a sequence.
  ///
  /// - Parameter limit: Mismatches after which to stop.
  public init(seed: UInt64, range: Range<Int>, failureLimit limit: Int) {
    (self.seed, self.range, self.limit) = (seed, range, limit)
  }

  /// Runs them.
  ///
  /// - Parameter show: Called before each pair with its number.
  public func run(_ show: (Int) -> Void = { _ in }) throws -> Outcome {
    var outcome = Outcome()
    for number in range {
      show(number)
      let pair = try RecipePair(seed: seed &* 1_000_003 &+ UInt64(number))
      let (difference, refusal) = try pair.difference()
      outcome.count += 1
      if let refusal { outcome.refusals[refusal, default: 0] += 1 }
      guard let difference else { continue }
      outcome.mismatches.append(
        "pair \(number) of seed \(seed): \(difference)\nrecipe: \(pair.recipe)\nmodel: \(pair.model)")
      if outcome.mismatches.count == limit { break }
    }
    return outcome
  }
}
