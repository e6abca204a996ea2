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
    let narrow = UnsafeMutablePointer<Int32>.allocate(capacity: unit)
    let ranked = UnsafeMutablePointer<Int>.allocate(capacity: size)
    defer {
      keys.deallocate()
      narrow.deallocate()
      ranked.deallocate()
    }
    // Groups of four are ranked in vectors of 32-bit keys, in which pruned entries can take a key of their own.
    let vectors = size == 4 && Rule.Key.bitWidth <= 32 && (view.kept == nil || rule.order.domain != .int32)
    var start = range.lowerBound
    while start < range.upperBound {
      let count = min(unit, range.upperBound - start)
      let source = view.base + start * view.type.byteCount
      if view.read(rule, source, count, into: keys), rule.order.nan == .refuse {
        view.countNaN(rule.order, source, start, count, in: &report)
      }
      let words = target + start / 64
      words.initialize(repeating: 0, count: BitMask.wordCount(count))
      if vectors {
        for index in 0..<count { narrow[index] = Int32(truncatingIfNeeded: keys[index]) }
        quads(narrow, start, count, into: words)
      } else if view.kept == nil, size <= 64 {
        for group in stride(from: 0, to: count, by: size) { count64(keys, group, into: words) }
      } else {
        for group in stride(from: 0, to: count, by: size) { insert(keys, group, start, ranked, into: words) }
      }
      start += count
    }
  }

  /// One group of any size, with an earlier mask: a list of the most important entries so far.
  private func insert<Key: SelectionKey>(
    _ keys: UnsafePointer<Key>, _ group: Int, _ start: Int, _ ranked: UnsafeMutablePointer<Int>,
    into words: UnsafeMutablePointer<UInt64>
  ) {
    // The most important first: a later one of equal keys is more important.
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

  /// One group of up to 64 entries: an entry stays when enough others go before it.
  @inline(__always)
  private func count64<Key: SelectionKey>(
    _ keys: UnsafePointer<Key>, _ group: Int, into words: UnsafeMutablePointer<UInt64>
  ) {
    let from = keys + group
    var bits: UInt64 = 0
    var index = 0
    while index < size {
      let key = from[index]
      var smaller: Key = 0
      var equal: Key = 0
      var other = 0
      while other < size {
        smaller &+= from[other] < key ? 1 : 0
        equal &+= from[other] == key ? 1 : 0
        other &+= 1
      }
      var before = Int(smaller)
      if equal > 1 {
        for other in 0..<index where from[other] == key { before &+= 1 }
      }
      bits |= (before >= size &- keep ? 1 : 0) &<< UInt64(truncatingIfNeeded: index)
      index &+= 1
    }
    let shift = UInt64(truncatingIfNeeded: group & 63)
    words[group &>> 6] |= bits &<< shift
    // Swift's `>>` by 64 gives 0: nothing spills from an aligned group.
    let spill = bits >> (64 - shift)
    if spill != 0 { words[group &>> 6 &+ 1] |= spill }
  }
}

extension GroupMasks {
  /// Groups of four, sixteen at a time, one to each lane: an entry stays when enough of the other three go before it.
  private func quads(
    _ keys: UnsafeMutablePointer<Int32>, _ start: Int, _ count: Int, into words: UnsafeMutablePointer<UInt64>
  ) {
    typealias Lanes = SIMD4<Int32>
    if view.kept != nil {
      for index in 0..<count where view.keptWord(start + index) >> UInt64((start + index) & 63) & 1 == 0 {
        keys[index] = .min
      }
    }
    // Entries beyond the last group fill whole words; their bits are dropped.
    for index in count..<(count + 63) & ~63 { keys[index] = 0 }
    let enough = Lanes(repeating: Int32(keep - 4))
    let raw = UnsafeRawPointer(keys)
    var index = 0
    while index < count {
      var word: UInt64 = 0
      var part = 0
      while part < 4 {
        let from = raw + (index &+ part &* 16) &* 4
        // Four groups of a b c d become four vectors of a, b, c and d.
        let first = SIMD8(
          lowHalf: from.loadUnaligned(as: Lanes.self), highHalf: from.loadUnaligned(fromByteOffset: 16, as: Lanes.self))
        let second = SIMD8(
          lowHalf: from.loadUnaligned(fromByteOffset: 32, as: Lanes.self),
          highHalf: from.loadUnaligned(fromByteOffset: 48, as: Lanes.self))
        let even = SIMD8(lowHalf: first.evenHalf, highHalf: second.evenHalf)
        let odd = SIMD8(lowHalf: first.oddHalf, highHalf: second.oddHalf)
        let (a, b, c, d) = (even.evenHalf, odd.evenHalf, even.oddHalf, odd.oddHalf)
        // -1 where the second of a pair goes before the first; ties go in order.
        let ba = unsafeBitCast(b .< a, to: Lanes.self)
        let ca = unsafeBitCast(c .< a, to: Lanes.self)
        let da = unsafeBitCast(d .< a, to: Lanes.self)
        let cb = unsafeBitCast(c .< b, to: Lanes.self)
        let db = unsafeBitCast(d .< b, to: Lanes.self)
        let dc = unsafeBitCast(d .< c, to: Lanes.self)
        // Minus the number of entries that go before each.
        let all = Lanes(repeating: -1)
        let ranks = (
          ba &+ ca &+ da, all &- ba &+ cb &+ db, all &+ all &- ca &- cb &+ dc, all &+ all &+ all &- da &- db &- dc
        )
        let bits =
          stays(ranks.0, enough, 0x0001) | stays(ranks.1, enough, 0x0002) | stays(ranks.2, enough, 0x0004)
          | stays(ranks.3, enough, 0x0008)
        let sixteen = bits[0] | bits[1] &<< 4 | bits[2] &<< 8 | bits[3] &<< 12
        word |= UInt64(UInt32(bitPattern: sixteen)) &<< UInt64(truncatingIfNeeded: part &* 16)
        part &+= 1
      }
      words[index &>> 6] = word & view.keptWord(start &+ index) & lowBits(count &- index)
      index &+= 64
    }
  }

  /// `bit` where at least as many as `enough` says, both counted negatively, go before.
  @inline(__always)
  private func stays(_ before: SIMD4<Int32>, _ enough: SIMD4<Int32>, _ bit: Int32) -> SIMD4<Int32> {
    unsafeBitCast(before .<= enough, to: SIMD4<Int32>.self) & SIMD4(repeating: bit)
  }
}
