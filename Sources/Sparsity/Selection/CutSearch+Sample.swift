extension CutSearch {
  /// Shows a sample of the scores before the first pass, so that the cut is looked for where it probably lies. A sample that
  /// misleads costs passes, never exactness.
  ///
  /// - Parameters:
  ///   - sample: Clusters of neighbouring entries, drawn evenly from all blocks, in their order.
  ///   - k: How many entries will be pruned.
  ///   - available: Of how many.
  public mutating func expect(_ sample: [Scores], pruning k: Int, of available: Int) {
    guard k > 0, k <= available else { return }
    var guess = SampledBracket(sample: sample, share: (Double(k) - 0.5) / Double(available))
    if let bracket = order.visit(&guess) { begin(with: bracket) }
  }
}

/// Brackets the cut between two keys of a sample.
///
/// The share of drawn entries below a key varies from cluster to cluster. What counts is how it varies among neighbouring
/// clusters: differences between tensors, which all are drawn from, do not make the sample worse. The bracket reaches
/// ``deviations`` standard deviations to both sides.
private struct SampledBracket: KeyRuleVisitor {
  private static let deviations = 4.0
  /// Fewer entries say too little.
  private static let fewest = 1 << 12

  let sample: [Scores]
  let share: Double

  func visit<Rule: KeyRule>(_ rule: Rule) -> CutBracket? {
    typealias Key = Rule.Key
    let count = sample.reduce(0) { $0 + $1.count }
    guard count >= Self.fewest else { return nil }
    let keys = UnsafeMutablePointer<Key>.allocate(capacity: 2 * count)
    defer { keys.deallocate() }
    var filled = 0
    for (number, cluster) in sample.enumerated() where cluster.count > 0 {
      let view = TensorView(cluster, buffer: number)
      _ = view.read(rule, view.base, cluster.count, into: keys + filled)
      filled += cluster.count
    }
    let rank = share * Double(count)
    (keys + count).initialize(from: keys, count: count)
    let middle = Key(truncatingIfNeeded: selectKey(keys + count, count, rank: min(Int(rank), count - 1)).key)
    let independent = (Double(count) * share * (1 - share)).squareRoot()
    let reach = Self.deviations * max(independent, deviation(keys, below: middle)) + 2
    let first = Int((rank - reach).rounded(.down))
    let last = Int((rank + reach).rounded(.up))
    let ranked = RankedKeys(keys, count, around: max(first, 0)...min(last, count - 1))
    let lowest: Key = Rule.hasNonnegativeKeys ? 0 : Key.min
    return CutBracket(
      low: Int64(first < 0 ? lowest : ranked.key(first)), high: Int64(last >= count ? Key.max : ranked.key(last)))
  }

  /// The standard deviation of the number of drawn keys up to `middle`, by the differences of neighbouring clusters.
  private func deviation<Key: SelectionKey>(_ keys: UnsafePointer<Key>, below middle: Key) -> Double {
    var start = 0
    var earlier: Double?
    var sum = 0.0
    for cluster in sample {
      var below = 0
      for index in start..<start + cluster.count { below &+= keys[index] <= middle ? 1 : 0 }
      start += cluster.count
      let excess = Double(below) - share * Double(cluster.count)
      if let earlier { sum += (excess - earlier) * (excess - earlier) / 2 }
      earlier = excess
    }
    return sum.squareRoot()
  }
}
