/// Finds the exact ``Cut`` of scores that need not fit into memory, in few passes over blocks of them.
///
/// ```swift
/// var search = CutSearch(pruning: k, types: [.float32])
/// var found: Cut?
/// repeat {
///   for block in blocks { try search.scan(block) }
///   found = try search.finishPass()
/// } while found == nil
/// ```
///
/// The first pass counts the upper 16 bits of all keys, the next one gathers or counts the keys that share those of
/// the cut, and so on: 16-bit types and small inputs need 1 pass, `float32` 2, and 64-bit types 2 to 4. With a sample of
/// the scores, ``expect(_:pruning:of:)``, one pass is enough for 16 and 32 bits, and it reads at about the speed of memory.
/// Memory: half a megabyte of counts and half as much for each thread, four times that with a sample, and at most 2
/// megabytes of gathered keys.
public struct CutSearch {
  private enum Mode { case gather, histogram, bracket }

  /// Keys that may be gathered before counting is cheaper in memory.
  static let gatherLimit = 1 << 18
  private static let digit = 16
  /// The most threads: more read no faster, and each takes memory for its counts.
  private static let threadLimit = 16

  private var k: Int
  private let types: Set<ElementType>
  let order: KeyOrder
  private let threads: Int?

  private var mode = Mode.gather
  /// Upper bits that are settled, and their value, of the key with its sign bit flipped.
  private var settled = 0
  private var prefix: UInt64 = 0
  /// Keys below the prefix, and keys that share it (nil in the first pass).
  private var below = 0
  private var expected: Int?
  /// Entries of this pass that share what is settled of the cut: in the first pass, all that take part.
  public private(set) var seen = 0
  /// Blocks of this pass.
  private var blocks = 0
  private var gathered: [Int64] = []
  private var bins: [Int] = []
  /// Counts of each thread, 32 bits wide so that they stay in the nearer caches, and the entries they have seen at most.
  private var shares: [UInt32] = []
  private var unadded = 0
  /// Where the cut is looked for, and how many entries of this pass lie above.
  private var bracket = CutBracket(low: 0, high: 0)
  private var above = 0
  private var report = NaNReport()

  /// A search for the cut that prunes `k` entries.
  ///
  /// - Parameters:
  ///   - k: The number of entries to prune over all blocks, 0 or more.
  ///   - types: Every type that occurs among the blocks; scores of different types are compared as PyTorch promotes
  ///     them.
  ///   - ranking: Which entries go first.
  ///   - nan: What to do with NaN.
  ///   - threads: The most threads to use; all processors when nil. The cut is the same for any number.
  public init(
    pruning k: Int, types: some Sequence<ElementType>, by ranking: Ranking = .magnitude, nan: NaNRule = .refuse,
    threads: Int? = nil
  ) {
    self.k = k
    self.types = Set(types)
    order = KeyOrder(types: self.types, ranking: ranking, nan: nan)
    self.threads = threads
  }

  /// Adds one block of scores to the current pass.
  ///
  /// Every pass must see the same entries, in any order and any division into blocks. One read of the block.
  ///
  /// - Throws: ``SelectionError`` when the block is malformed or of a type that was not announced.
  public mutating func scan(_ block: Scores) throws(SelectionError) {
    let buffer = blocks
    blocks += 1
    guard types.contains(block.type) else { throw .unannouncedType(buffer: buffer, found: block.type) }
    try block.validate(buffer: buffer)
    guard block.count > 0 else { return }
    if expected == nil, mode == .gather, gathered.count + block.keptCount > Self.gatherLimit { startCounting() }
    withExtendedLifetime(block.kept) {
      let view = TensorView(block, buffer: buffer)
      // Counts of one thread are 32 bits wide.
      let stretch = 1 << 31
      var start = 0
      while start < block.count {
        let end = min(block.count, start + stretch)
        scan(view, start..<end)
        start = end
      }
    }
  }

  /// Ends a pass.
  ///
  /// - Returns: The cut, or nil when all blocks must be scanned once more.
  /// - Throws: ``SelectionError/nan(buffer:index:count:)`` (the buffer is the number of the block in its pass),
  ///   ``SelectionError/countOutOfRange(found:available:)``, or ``SelectionError/passesDiffer(expected:found:)``.
  public mutating func finishPass() throws(SelectionError) -> Cut? {
    try report.check()
    if let expected {
      guard seen == expected else { throw .passesDiffer(expected: expected, found: seen) }
    } else {
      guard k >= 0, k <= seen else { throw .countOutOfRange(found: k, available: seen) }
      if k == 0 { return .nothing(order) }
    }
    defer {
      seen = 0
      blocks = 0
      above = 0
      gathered.removeAll(keepingCapacity: true)
    }
    let rank = k - 1 - below
    addShares()
    shares = []
    if mode == .bracket { return narrowBracket() }
    if mode == .gather {
      let found = gathered.withUnsafeMutableBufferPointer { keys in
        selectKey(keys.baseAddress.unsafelyUnwrapped, keys.count, rank: rank)
      }
      return cut(key: found.key, below: below + found.below, ties: found.equal)
    }
    var bin = 0
    var before = 0
    while before + bins[bin] <= rank {
      before += bins[bin]
      bin += 1
    }
    let ties = bins[bin]
    below += before
    prefix = prefix << UInt64(Self.digit) | UInt64(bin)
    settled += Self.digit
    if settled == width {
      // The sign bit of the key is spread over the wider integer.
      let key = Int64(bitPattern: (prefix ^ signBit) << UInt64(64 - width)) >> Int64(64 - width)
      return cut(key: key, below: below, ties: ties)
    }
    expected = ties
    if ties <= Self.gatherLimit {
      mode = .gather
      bins = []
    } else {
      bins.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
    }
    return nil
  }

  /// Ends the first pass, where how many entries go depends on how many took part: on ``seen``.
  ///
  /// As ``finishPass()``, with another number of entries to prune.
  public mutating func finishPass(pruning k: Int) throws(SelectionError) -> Cut? {
    precondition(expected == nil, "CutSearch: the number of entries to prune is settled by the first pass")
    self.k = k
    return try finishPass()
  }

  private var width: Int { order.domain.byteCount * 8 }
  private var signBit: UInt64 { 1 << UInt64(width - 1) }

  private func cut(key: Int64, below: Int, ties: Int) -> Cut {
    Cut(pruned: k, tiesPruned: k - below, ties: ties, key: key, order: order)
  }

  /// Counts, in the passes to come, the keys of a bracket that probably holds the cut; before the first pass.
  mutating func begin(with bracket: CutBracket) {
    precondition(expected == nil && seen == 0, "CutSearch: a sample is shown before the first pass")
    mode = .bracket
    look(in: bracket)
  }

  private mutating func look(in bracket: CutBracket) {
    self.bracket = bracket
    bins = Array(repeating: 0, count: bracket.count)
  }

  /// Ends a pass over a bracket: the cut, or nil after a choice of the next bracket.
  private mutating func narrowBracket() -> Cut? {
    let inside = bins.reduce(0, +)
    var before = seen - above - inside
    expected = seen
    // The sample misled where the cut lies on either side.
    if k <= before {
      look(in: CutBracket(low: lowestKey, high: bracket.low - 1))
      return nil
    }
    if k > before + inside {
      look(in: CutBracket(low: bracket.high + 1, high: ~lowestKey))
      return nil
    }
    var slice = 0
    while before + bins[slice] < k {
      before += bins[slice]
      slice += 1
    }
    let next = bracket.slice(slice)
    if next.low == next.high { return cut(key: next.low, below: before, ties: bins[slice]) }
    look(in: next)
    return nil
  }

  private var lowestKey: Int64 { Int64.min >> Int64(64 - width) }

  /// Turns from gathering in the first pass to counting.
  private mutating func startCounting() {
    mode = .histogram
    bins = Array(repeating: 0, count: 1 << Self.digit)
    for key in gathered {
      bins[Int(truncatingIfNeeded: (UInt64(bitPattern: key) ^ signBit) >> UInt64(width - Self.digit)) & 0xffff] += 1
    }
    gathered = []
  }
}

extension CutSearch {
  /// What one thread found.
  fileprivate struct Share {
    var keys: [Int64] = []
    var seen = 0
    var above = 0
    var report = NaNReport()
  }

  private mutating func scan(_ view: TensorView, _ range: Range<Int>) {
    let workers = min(Parallel.threads(threads, entries: range.count), Self.threadLimit)
    let words = BitMask.wordCount(range.count)
    if unadded + range.count > Int(UInt32.max) { addShares() }
    unadded += range.count
    let size = bins.count
    if shares.count < workers * size {
      shares += Array(repeating: 0, count: workers * size - shares.count)
    }
    var found = Array(repeating: Share(), count: workers)
    let (order, settled, prefix, mode, bracket) = (order, settled, prefix, mode, bracket)
    found.withUnsafeMutableBufferPointer { found in
      shares.withUnsafeMutableBufferPointer { shares in
        Parallel.perform(pieces: workers, threads: workers) { worker in
          let lower = range.lowerBound + words * worker / workers * 64
          let upper = min(range.upperBound, range.lowerBound + words * (worker + 1) / workers * 64)
          let bins = shares.baseAddress.map { $0 + worker * size }
          if mode == .bracket, let bins {
            var scan = BracketScan(view: view, range: lower..<upper, bracket: bracket, bins: bins)
            order.visit(&scan)
            found[worker] = Share(seen: scan.seen, above: scan.above, report: scan.report)
          } else {
            var scan = Scan(
              view: view, range: lower..<upper, settled: settled, prefix: prefix, bins: mode == .gather ? nil : bins)
            order.visit(&scan)
            found[worker] = scan.share
          }
        }
      }
    }
    for share in found {
      seen += share.seen
      above += share.above
      gathered += share.keys
      report.merge(share.report)
    }
  }

  /// Adds the counts of the threads up.
  private mutating func addShares() {
    unadded = 0
    guard !bins.isEmpty else { return }
    for index in shares.indices {
      bins[index % bins.count] += Int(shares[index])
      shares[index] = 0
    }
  }

  /// Gathers the keys of a range that share the prefix, or counts the digits that follow it.
  private struct Scan: KeyRuleVisitor {
    let view: TensorView
    let range: Range<Int>
    let settled: Int
    let prefix: UInt64
    let bins: UnsafeMutablePointer<UInt32>?
    var share = Share()

    mutating func visit<Rule: KeyRule>(_ rule: Rule) {
      let shift = UInt64(Rule.Key.bitWidth - settled)
      let sign: UInt64 = 1 << UInt64(Rule.Key.bitWidth - 1)
      let digitShift = shift &- UInt64(CutSearch.digit)
      let (prefix, all, bins) = (prefix, settled == 0, bins)
      var seen = 0
      var gathered: [Int64] = []
      let keys = UnsafeMutablePointer<Rule.Key>.allocate(capacity: TensorView.blockSize)
      defer { keys.deallocate() }
      view.forEachBlock(rule.order, range, report: &share.report) { values, start, count in
        let anyNaN = rule.encode(values, count, into: keys)
        view.forEachKept(start, count) { index in
          let key = (UInt64(truncatingIfNeeded: keys[index]) & (sign | (sign &- 1))) ^ sign
          guard all || key &>> shift == prefix else { return }
          if let bins {
            bins[Int(truncatingIfNeeded: key &>> digitShift & 0xffff)] &+= 1
          } else {
            gathered.append(Int64(keys[index]))
          }
          seen &+= 1
        }
        return anyNaN
      }
      share.seen = seen
      share.keys = gathered
    }
  }
}
