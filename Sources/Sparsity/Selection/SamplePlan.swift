/// Where the cut probably lies, judged by a sample.
enum SamplePlan<Key: SelectionKey>: Equatable {
  /// Between two keys, most likely near the middle one.
  case bracket(low: Key, middle: Key, high: Key)
  /// At a key that many entries share.
  case point(Key)
  /// The sample cannot tell.
  case unknown
}

/// How many entries are drawn.
enum SampleSize {
  /// About one in 256 of the entries that take part, within limits.
  static func entries(of available: Int) -> Int { min(1 << 20, max(1 << 12, available / 256)) }
}

/// Brackets the k-th key between two keys of a sample.
///
/// The rank of the k-th key among the drawn entries varies; the bracket reaches ``deviations`` standard deviations to
/// both sides, so it misses about once in four hundred calls. A miss costs time, never exactness. Entries are drawn in
/// ``EntrySample/clusters`` of neighbours, which may resemble each other, so the deviation is measured on the clusters
/// themselves and not taken from the formula for independent draws.
struct BracketSampler<Rule: KeyRule> {
  typealias Key = Rule.Key

  static var deviations: Double { 3 }

  let rule: Rule
  /// All tensors, or a part of them that stands for all.
  let set: TensorSet
  let k: Int
  /// Entries that take part, in all tensors.
  let available: Int

  /// Where an earlier mask leaves few entries, more are drawn, because most draws are in vain.
  private var size: Int {
    let share = min(1, max(0.25, Double(available) / Double(max(set.count, 1))))
    return min(set.count, Int(Double(SampleSize.entries(of: available)) / share))
  }

  func plan() -> SamplePlan<Key> {
    let sample = EntrySample(rule, set, size: size)
    let count = sample.count
    if sample.isComplete, count > 0, available <= set.count {
      // All entries are in the sample: the cut is certain.
      let cut = Key(truncatingIfNeeded: selectKey(sample.keys, count, rank: k - 1).key)
      return .bracket(low: cut, middle: cut, high: cut)
    }
    guard count >= 256 else { return .unknown }
    let share = (Double(k) - 0.5) / Double(available)
    let rank = share * Double(count)
    let copy = UnsafeMutablePointer<Key>.allocate(capacity: count)
    defer { copy.deallocate() }
    copy.initialize(from: sample.keys, count: count)
    let middle = Key(truncatingIfNeeded: selectKey(copy, count, rank: min(max(Int(rank), 0), count - 1)).key)

    let independent = (Double(count) * share * (1 - share)).squareRoot()
    let reach = Self.deviations * max(independent, sample.deviation(below: middle)) + 2
    let lowRank = Int((rank - reach).rounded(.down))
    let highRank = Int((rank + reach).rounded(.up))
    let ranked = RankedKeys(sample.keys, count, around: max(lowRank, 0)...min(highRank, count - 1))
    var low = lowRank < 0 ? Key.min : ranked.key(lowRank)
    var high = highRank >= count ? Key.max : ranked.key(highRank)
    let limit = count / 8
    if ranked.count(low...high) <= limit { return .bracket(low: low, middle: middle, high: high) }
    // Many entries share a key. Where that is one of the ends, the cut is probably beside it.
    if low < middle, ranked.count(low...low) > limit / 2 { low += 1 }
    if high > middle, ranked.count(high...high) > limit / 2 { high -= 1 }
    if ranked.count(low...high) <= limit { return .bracket(low: low, middle: middle, high: high) }
    return ranked.count(middle...middle) > limit / 2 ? .point(middle) : .unknown
  }
}
