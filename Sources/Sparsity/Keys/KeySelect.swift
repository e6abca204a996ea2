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
func selectKey<Key: SelectionKey>(
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
    let narrowed = KeySlices(low: low, high: high).narrow(keys, remaining, to: rank...rank)
    remaining = narrowed.left
    rank -= narrowed.below
    below += narrowed.below
  }
}

/// How many of `count` keys lie in a range.
func countKeys<Key: SelectionKey>(_ keys: UnsafePointer<Key>, _ count: Int, in range: ClosedRange<Key>) -> Int {
  let (low, high) = (range.lowerBound, range.upperBound)
  if let kernels = EntryKernels.table {
    return Int(
      kernels.pointee.count_keys(Int32(MemoryLayout<Key>.size), keys, Int64(count), Int64(low), Int64(high)))
  }
  var found = 0
  for index in 0..<count { found &+= (keys[index] >= low ? 1 : 0) & (keys[index] <= high ? 1 : 0) }
  return found
}

/// A range of keys divided into at most 1,024 equal slices.
struct KeySlices<Key: SelectionKey> {
  static var limit: Int { 1024 }

  let low: Key
  let shift: Key.Magnitude

  init(low: Key, high: Key) {
    self.low = low
    let span = Key.Magnitude(truncatingIfNeeded: high &- low)
    shift = Key.Magnitude(max(0, Key.bitWidth - span.leadingZeroBitCount - 10))
  }

  /// The slice of a key that lies in the range.
  @inline(__always)
  func slice(_ key: Key) -> Int {
    Int(truncatingIfNeeded: Key.Magnitude(truncatingIfNeeded: key &- low) &>> shift)
  }

  /// Drops all keys outside the slices that hold the ranks.
  ///
  /// - Returns: How many are left at the front of the array, and how many smaller ones were dropped.
  func narrow(_ keys: UnsafeMutablePointer<Key>, _ count: Int, to ranks: ClosedRange<Int>) -> (left: Int, below: Int) {
    let (first, last, below) = withUnsafeTemporaryAllocation(of: Int.self, capacity: Self.limit) { bins in
      let bins = bins.baseAddress.unsafelyUnwrapped
      bins.initialize(repeating: 0, count: Self.limit)
      var index = 0
      while index < count {
        bins[slice(keys[index])] &+= 1
        index &+= 1
      }
      var first = 0
      var below = 0
      while below + bins[first] <= ranks.lowerBound {
        below += bins[first]
        first += 1
      }
      var last = first
      var through = below + bins[first]
      while through <= ranks.upperBound {
        last += 1
        through += bins[last]
      }
      return (first, last, below)
    }
    var left = 0
    var index = 0
    while index < count {
      let key = keys[index]
      let slice = slice(key)
      // Written always, kept only where it belongs: no branch to mispredict.
      keys[left] = key
      left &+= slice >= first && slice <= last ? 1 : 0
      index &+= 1
    }
    return (left, below)
  }
}

private func insertionSorted<Key: SelectionKey>(_ keys: UnsafeMutablePointer<Key>, _ count: Int) -> UnsafePointer<Key> {
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

/// Neighbouring ranks of one array of keys.
///
/// Keys outside the slices that hold the wanted ranks are dropped once, with their number, so that each question
/// looks at few keys.
struct RankedKeys<Key: SelectionKey> {
  private let keys: UnsafeMutablePointer<Key>
  private let count: Int
  /// Keys dropped because they are smaller than all that are left.
  private let below: Int

  /// Reorders and drops keys of the array, which must outlive this value.
  ///
  /// - Parameter ranks: The ranks that will be asked for.
  init(_ keys: UnsafeMutablePointer<Key>, _ count: Int, around ranks: ClosedRange<Int>) {
    self.keys = keys
    var low = keys[0]
    var high = keys[0]
    for index in 1..<count {
      low = min(low, keys[index])
      high = max(high, keys[index])
    }
    guard low < high else {
      self.count = count
      below = 0
      return
    }
    let slices = KeySlices(low: low, high: high)
    (self.count, below) = slices.narrow(keys, count, to: ranks)
  }

  /// The key at a rank.
  func key(_ rank: Int) -> Key {
    let copy = UnsafeMutablePointer<Key>.allocate(capacity: count)
    defer { copy.deallocate() }
    copy.initialize(from: keys, count: count)
    return Key(truncatingIfNeeded: selectKey(copy, count, rank: rank - below).key)
  }

  /// How many keys lie in a range between the ranks.
  func count(_ range: ClosedRange<Key>) -> Int { countKeys(keys, count, in: range) }
}
