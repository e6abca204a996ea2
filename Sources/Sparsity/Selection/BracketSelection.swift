/// Selection in one read of the scores: a sample brackets the cut, one pass writes the masks as the middle of the
/// bracket would have them and gathers the few entries inside it, and these settle the exact cut and are corrected.
struct BracketSelection: KeyRuleVisitor {
  enum Outcome {
    /// The masks are written.
    case done
    /// The cut is known, with the number of entries equal to it in each piece, but nothing is written.
    case found(Cut, ties: [Int])
    /// The sample misled, and nothing is known.
    case missed
    /// There is NaN where it is refused.
    case nan(NaNReport)
  }

  let set: TensorSet
  let target: SelectionTarget
  let k: Int
  let available: Int
  /// Where the scores are drawn.
  var draws: DrawnPieces?

  mutating func visit<Rule: KeyRule>(_ rule: Rule) -> Outcome {
    switch BracketSampler(rule: rule, set: draws?.begin() ?? set, k: k, available: available).plan() {
    case .bracket(let low, let middle, let high): return bracket(rule, low, middle, high)
    // A second read, for which draws must lie in memory.
    case .point(let key): return draws == nil ? point(rule, key) : .missed
    case .unknown: return .missed
    }
  }

  /// One pass with a bracket, right or wrong.
  func bracket<Rule: KeyRule>(
    _ rule: Rule, _ low: Rule.Key, _ middle: Rule.Key, _ high: Rule.Key
  ) -> Outcome {
    typealias Share = BracketShare<Rule.Key>
    let shares = UnsafeMutableBufferPointer<Share?>.allocate(capacity: set.pieces.count)
    shares.initialize(repeating: nil)
    defer {
      shares.deinitialize()
      shares.deallocate()
    }
    func pass(_ index: Int, _ piece: TensorSet.Piece) {
      shares[index] = rule.bracketPass(
        piece, low: low, middle: middle, high: high, expected: piece.range.count / 32,
        into: target.words[piece.buffer].pointer, target.output(piece.buffer))
    }
    if let draws { draws.forEachPiece(pass) } else { set.forEachPiece(pass) }
    var report = NaNReport()
    var above = 0
    for share in shares {
      guard let share else { continue }
      report.merge(share.report)
      above += share.above
    }
    if report.count > 0 { return .nan(report) }
    if shares.contains(where: { $0?.overflow ?? false }) { return .missed }
    let lists = shares.compactMap { $0?.candidates }
    // Entries below the bracket: those not above the middle, less the candidates among them.
    let below = available - above - shares.reduce(0) { $0 + ($1?.notAbove ?? 0) }
    guard let cut = cut(shares, KeySlices(low: low, high: high), below: below) else { return .missed }
    correct(lists, cut, middle)
    return .done
  }

  /// The cut among the candidates, nil when it is not there.
  private func cut<Key: SelectionKey>(
    _ shares: UnsafeMutableBufferPointer<BracketShare<Key>?>, _ slices: KeySlices<Key>, below: Int
  ) -> RankedKey? {
    let count = shares.reduce(0) { $0 + ($1?.candidates.count ?? 0) }
    let rank = k - 1 - below
    guard rank >= 0, rank < count else { return nil }
    var bins = Array(repeating: 0, count: KeySlices<Key>.limit)
    for share in shares {
      guard let share else { continue }
      for (slice, inside) in share.bins.enumerated() { bins[slice] += Int(inside) }
    }
    var slice = 0
    var before = 0
    while before + bins[slice] <= rank {
      before += bins[slice]
      slice += 1
    }
    // Only the candidates of one slice are looked at more closely.
    let keys = UnsafeMutablePointer<Key>.allocate(capacity: bins[slice] + 1)
    defer { keys.deallocate() }
    var left = 0
    for share in shares {
      guard let list = share?.candidates else { continue }
      for index in 0..<list.count {
        let key = list.keys[index]
        // Written always, kept only where it belongs: no branch to mispredict.
        keys[left] = key
        left &+= slices.slice(key) == slice ? 1 : 0
      }
    }
    let found = selectKey(keys, left, rank: rank - before)
    return RankedKey(key: found.key, below: below + before + found.below, equal: found.equal)
  }

  /// Corrects every candidate that lies between the middle and the cut.
  private func correct<Key: SelectionKey>(_ lists: [Candidates<Key>], _ cut: RankedKey, _ middle: Key) {
    let key = Key(truncatingIfNeeded: cut.key)
    var left = k - cut.below
    var quotas: [Int] = []
    for list in lists {
      quotas.append(left)
      if left < cut.equal { left -= min(left, list.count(in: key...key)) }
    }
    set.forEachPiece { index, piece in
      let changed = lists[index].changes(cut: key, middle: middle, quota: quotas[index])
      let words = target.words[piece.buffer].pointer
      for change in changed {
        let entry = piece.range.lowerBound &+ Int(change)
        words[entry &>> 6] ^= 1 &<< UInt64(truncatingIfNeeded: entry & 63)
      }
      target.output(piece.buffer)?.rewrite(changed, from: piece.range.lowerBound, words)
    }
  }

  /// Counts the entries below and equal to a key that many share.
  private func point<Rule: KeyRule>(_ rule: Rule, _ key: Rule.Key) -> Outcome {
    let counts = UnsafeMutableBufferPointer<TieCount>.allocate(capacity: set.pieces.count)
    defer { counts.deallocate() }
    set.forEachPiece { index, piece in
      var count = TieCount(view: piece.view, range: piece.range, key: Int64(key))
      count.visit(rule)
      counts.initializeElement(at: index, to: count)
    }
    var report = NaNReport()
    var above = 0
    for count in counts {
      report.merge(count.report)
      above += count.above
    }
    if report.count > 0 { return .nan(report) }
    let ties = counts.map(\.ties)
    let all = ties.reduce(0, +)
    let below = available - above - all
    guard k > below, k <= below + all else { return .missed }
    return .found(
      Cut(pruned: k, tiesPruned: k - below, ties: all, key: Int64(key), order: rule.order), ties: ties)
  }
}

extension Candidates {
  /// The number of candidates in each slice.
  func histogram(_ slices: KeySlices<Key>) -> [UInt32] {
    Array(unsafeUninitializedCapacity: KeySlices<Key>.limit) { bins, size in
      bins.initialize(repeating: 0)
      size = KeySlices<Key>.limit
      let bins = bins.baseAddress.unsafelyUnwrapped
      for index in 0..<count { bins[slices.slice(keys[index])] &+= 1 }
    }
  }

  /// The candidates that the middle and the cut judge differently, by their place in the piece. The list of indices is
  /// used up for it.
  ///
  /// They are collected first, without a branch to mispredict, so that the far memory of many of them is fetched at once.
  ///
  /// - Parameter quota: Candidates equal to the cut that go; further ones stay.
  func changes(cut: Key, middle: Key, quota: Int) -> UnsafeBufferPointer<UInt32> {
    let (keys, indices) = (keys, indices)
    if let kernels = EntryKernels.table {
      let found = kernels.pointee.changes(
        Int32(MemoryLayout<Key>.size), keys, Int64(count), Int64(cut), Int64(middle), Int64(quota), indices)
      return UnsafeBufferPointer(start: indices, count: Int(found))
    }
    var quota = quota
    var found = 0
    for candidate in 0..<count {
      let key = keys[candidate]
      let tie = (key == cut ? 1 : 0) & (quota > 0 ? 1 : 0)
      let stays = (key >= cut ? 1 : 0) ^ tie
      quota &-= tie
      indices[found] = indices[candidate]
      found &+= stays ^ (key > middle ? 1 : 0)
    }
    return UnsafeBufferPointer(start: indices, count: found)
  }

  /// How many candidates' keys lie in a range.
  func count(in range: ClosedRange<Key>) -> Int { countKeys(keys, count, in: range) }
}
