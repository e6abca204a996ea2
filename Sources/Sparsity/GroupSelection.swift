extension Selection {
  /// Keeps the `n` most important of every `m` consecutive entries; of equal ones the first go.
  ///
  /// The number of entries is a multiple of `m`.
  static func keep(
    _ n: Int, ofEach m: Int, _ scores: Scores, by ranking: Ranking, nan: NaNRule, threads: Int?
  ) throws(SelectionError) -> BitMask {
    guard scores.count > 0 else { return BitMask(repeating: true, count: 0) }
    let order = KeyOrder(types: [scores.type], ranking: ranking, nan: nan)
    let storage = WordStorage(uninitialized: BitMask.wordCount(scores.count))
    let threads = Parallel.threads(threads, entries: scores.count)
    // Whole groups and whole words in each piece.
    let unit = 64 * m
    let units = (scores.count + unit - 1) / unit
    let pieces = threads == 1 ? 1 : min(units, threads * 4)
    let reports = UnsafeMutableBufferPointer<NaNReport>.allocate(capacity: pieces)
    reports.initialize(repeating: NaNReport())
    defer { reports.deallocate() }
    withExtendedLifetime(scores.kept) {
      let view = TensorView(scores, buffer: 0)
      Parallel.perform(pieces: pieces, threads: threads) { piece in
        let range = units * piece / pieces * unit..<min(scores.count, units * (piece + 1) / pieces * unit)
        var groups = GroupMasks(view: view, range: range, keep: n, size: m, target: storage.pointer)
        order.visit(&groups)
        reports[piece] = groups.report
      }
    }
    var report = NaNReport()
    for part in reports { report.merge(part) }
    try report.check()
    return BitMask(storage, count: scores.count)
  }
}

/// Masks of the groups of one range.
private struct GroupMasks: KeyRuleVisitor {
  let view: TensorView
  let range: Range<Int>
  let keep: Int
  let size: Int
  let target: UnsafeMutablePointer<UInt64>
  var report = NaNReport()

  mutating func visit<Rule: KeyRule>(_ rule: Rule) {
    // Whole groups and whole words at a time.
    let unit = 64 * size * max(1, 32 / size)
    let keys = UnsafeMutablePointer<Rule.Key>.allocate(capacity: unit)
    let ranked = UnsafeMutablePointer<Int>.allocate(capacity: size)
    defer {
      keys.deallocate()
      ranked.deallocate()
    }
    var start = range.lowerBound
    while start < range.upperBound {
      let count = min(unit, range.upperBound - start)
      let source = view.base + start * view.type.byteCount
      if view.read(rule, source, count, into: keys), rule.order.nan == .refuse {
        view.countNaN(rule.order, source, start, count, in: &report)
      }
      let words = target + start / 64
      if size == 4, view.kept == nil {
        quads(keys, count, into: words)
      } else {
        words.initialize(repeating: 0, count: BitMask.wordCount(count))
        for group in stride(from: 0, to: count, by: size) { rank(keys, group, start, ranked, into: words) }
      }
      start += count
    }
  }

  /// One group of any size, with an earlier mask.
  private func rank<Key: SelectionKey>(
    _ keys: UnsafePointer<Key>, _ group: Int, _ start: Int, _ ranked: UnsafeMutablePointer<Int>,
    into words: UnsafeMutablePointer<UInt64>
  ) {
    // The entries that take part, the most important first: a later one of equal keys is more important.
    var found = 0
    for index in group..<group + size {
      guard view.keptWord(start + index) >> UInt64((start + index) & 63) & 1 == 1 else { continue }
      var place = found
      while place > 0, keys[ranked[place - 1]] <= keys[index] { place -= 1 }
      if place >= keep { continue }
      if found < keep { found += 1 }
      var hole = found - 1
      while hole > place {
        ranked[hole] = ranked[hole - 1]
        hole -= 1
      }
      ranked[place] = index
    }
    for place in 0..<found { words[ranked[place] / 64] |= 1 << UInt64(ranked[place] & 63) }
  }

  /// Groups of four, by comparing all six pairs.
  private func quads<Key: SelectionKey>(
    _ keys: UnsafePointer<Key>, _ count: Int, into words: UnsafeMutablePointer<UInt64>
  ) {
    let gone = 4 - keep
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { nibbles in
      let nibbles = nibbles.baseAddress.unsafelyUnwrapped
      var index = 0
      while index < count {
        let groups = min(16, (count &- index) / 4)
        var group = 0
        while group < groups {
          let a = keys[index &+ group &* 4]
          let b = keys[index &+ group &* 4 &+ 1]
          let c = keys[index &+ group &* 4 &+ 2]
          let d = keys[index &+ group &* 4 &+ 3]
          // 1 where the second of a pair goes before the first.
          let ba = b < a ? 1 : 0
          let ca = c < a ? 1 : 0
          let da = d < a ? 1 : 0
          let cb = c < b ? 1 : 0
          let db = d < b ? 1 : 0
          let dc = d < c ? 1 : 0
          var bits = ba &+ ca &+ da >= gone ? 1 : 0
          bits |= 1 &- ba &+ cb &+ db >= gone ? 2 : 0
          bits |= 2 &- ca &- cb &+ dc >= gone ? 4 : 0
          bits |= 3 &- da &- db &- dc >= gone ? 8 : 0
          nibbles[group] = UInt8(truncatingIfNeeded: bits)
          group &+= 1
        }
        var word: UInt64 = 0
        group = 0
        while group < groups {
          word |= UInt64(nibbles[group]) &<< UInt64(truncatingIfNeeded: group &* 4)
          group &+= 1
        }
        words[index &>> 6] = word
        index &+= 64
      }
    }
  }
}
