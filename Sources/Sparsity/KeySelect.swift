/// The place of one rank among keys.
struct RankedKey: Equatable {
  /// The key at the rank.
  let key: Int64
  /// Keys smaller than it.
  let below: Int
  /// Keys equal to it, itself included.
  let equal: Int
}

/// The key at a rank among `count` keys, by narrowing histograms: linear in the worst case too. Reorders the keys.
///
/// - Parameters:
///   - keys: At least one key.
///   - rank: 0 for the smallest.
func selectKey<Key: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
  _ keys: UnsafeMutablePointer<Key>, _ count: Int, rank: Int
) -> RankedKey {
  var remaining = count
  var rank = rank
  var below = 0
  while true {
    if remaining <= 32 {
      let key = insertionSorted(keys, remaining)[rank]
      var smaller = 0
      var equal = 0
      for index in 0..<remaining {
        if keys[index] < key { smaller += 1 } else if keys[index] == key { equal += 1 }
      }
      return RankedKey(key: Int64(key), below: below + smaller, equal: equal)
    }
    var low = keys[0]
    var high = keys[0]
    for index in 1..<remaining {
      low = min(low, keys[index])
      high = max(high, keys[index])
    }
    if low == high { return RankedKey(key: Int64(low), below: below, equal: remaining) }
    (remaining, rank, below) = narrow(keys, remaining, rank, below, low, high)
  }
}

/// Keeps the keys of the one of 1,024 equal slices of low...high that holds the rank.
private func narrow<Key: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
  _ keys: UnsafeMutablePointer<Key>, _ count: Int, _ rank: Int, _ below: Int, _ low: Key, _ high: Key
) -> (remaining: Int, rank: Int, below: Int) {
  let span = Key.Magnitude(truncatingIfNeeded: high &- low)
  let shift = Key.Magnitude(max(0, Key.bitWidth - span.leadingZeroBitCount - 10))
  return withUnsafeTemporaryAllocation(of: Int.self, capacity: 1024) { bins in
    let bins = bins.baseAddress.unsafelyUnwrapped
    bins.initialize(repeating: 0, count: 1024)
    var index = 0
    while index < count {
      bins[Int(truncatingIfNeeded: Key.Magnitude(truncatingIfNeeded: keys[index] &- low) &>> shift)] &+= 1
      index &+= 1
    }
    var bin = 0
    var before = 0
    while before + bins[bin] <= rank {
      before += bins[bin]
      bin += 1
    }
    var remaining = 0
    index = 0
    while index < count {
      let key = keys[index]
      // Written always, kept only where it belongs to the slice: no branch to mispredict.
      keys[remaining] = key
      let slice = Int(truncatingIfNeeded: Key.Magnitude(truncatingIfNeeded: key &- low) &>> shift)
      remaining &+= slice == bin ? 1 : 0
      index &+= 1
    }
    return (remaining, rank - before, below + before)
  }
}

private func insertionSorted<Key: Comparable>(_ keys: UnsafeMutablePointer<Key>, _ count: Int) -> UnsafePointer<Key> {
  var index = 1
  while index < count {
    let key = keys[index]
    var hole = index
    while hole > 0, keys[hole - 1] > key {
      keys[hole] = keys[hole - 1]
      hole -= 1
    }
    keys[hole] = key
    index += 1
  }
  return UnsafePointer(keys)
}
