/// Keys of entries drawn evenly from all tensors, in clusters of neighbours: one access to far memory for each cluster.
final class EntrySample<Rule: KeyRule> {
  typealias Key = Rule.Key

  /// Entries of a cluster, at most.
  static var clusterSize: Int { 16 }
  /// Clusters drawn by one piece of work.
  private static var drawSize: Int { 512 }

  /// The keys, cluster after cluster.
  let keys: UnsafeMutablePointer<Key>
  private(set) var count = 0
  /// Whether every entry that takes part was drawn.
  let isComplete: Bool
  /// The number of keys of each cluster.
  private var clusters: [UInt8] = []

  deinit { keys.deallocate() }

  /// Draws about `size` entries; fewer where an earlier mask prunes them.
  init(_ rule: Rule, _ set: TensorSet, size: Int) {
    var draws: [SampleDraw] = []
    var total = 0
    isComplete = size >= set.count
    for view in set.views {
      // Rounded up, so that small tensors are seen too.
      let groups = (view.count + Self.clusterSize - 1) / Self.clusterSize
      let wanted = min(groups, Int((Double(size) * Double(view.count) / Double(set.count) / 16).rounded(.up)))
      var start = 0
      while start < wanted {
        let end = min(wanted, start + Self.drawSize)
        draws.append(
          SampleDraw(
            view: view, range: start..<end, groups: groups, stride: Double(groups) / Double(wanted), offset: total))
        total += end - start
        start = end
      }
    }
    keys = .allocate(capacity: total * Self.clusterSize)
    clusters = Array(repeating: 0, count: total)
    let counts = UnsafeMutablePointer<Int>.allocate(capacity: draws.count)
    defer { counts.deallocate() }
    let keys = keys
    clusters.withUnsafeMutableBufferPointer { clusters in
      let clusters = clusters.baseAddress.unsafelyUnwrapped
      Parallel.perform(pieces: draws.count, threads: total < Self.drawSize * 4 ? 1 : set.threads) { index in
        let draw = draws[index]
        counts[index] = Self.draw(
          rule, draw, into: keys + draw.offset * Self.clusterSize, clusters + draw.offset)
      }
    }
    for (index, draw) in draws.enumerated() {
      let offset = draw.offset * Self.clusterSize
      if count != offset { (keys + count).update(from: keys + offset, count: counts[index]) }
      count += counts[index]
    }
  }

  /// The standard deviation of the number of drawn keys up to `middle`, from the differences between clusters.
  ///
  /// It holds only before the keys are reordered.
  func deviation(below middle: Key) -> Double {
    var below = 0
    for index in 0..<count { below &+= keys[index] <= middle ? 1 : 0 }
    let share = Double(below) / Double(max(count, 1))
    var sum = 0.0
    var start = 0
    for size in clusters {
      let end = start &+ Int(size)
      var inside = 0
      while start < end {
        inside &+= keys[start] <= middle ? 1 : 0
        start &+= 1
      }
      let excess = Double(inside) - share * Double(size)
      sum += excess * excess
    }
    return sum.squareRoot()
  }

  /// Draws one cluster from each stride of a tensor and returns the number of keys.
  private static func draw(
    _ rule: Rule, _ draw: SampleDraw, into keys: UnsafeMutablePointer<Key>, _ clusters: UnsafeMutablePointer<UInt8>
  ) -> Int {
    let view = draw.view
    let size = view.type.byteCount
    let raw = UnsafeMutableRawPointer.allocate(byteCount: draw.range.count * clusterSize * size, alignment: 16)
    defer { raw.deallocate() }
    var count = 0
    var state = UInt64(truncatingIfNeeded: draw.offset) &+ 0x2545_f491_4f6c_dd1d
    for number in draw.range {
      state = state &* 0x5851_f42d_4c95_7f2d &+ 0x1405_7b7e_f767_814f
      let jitter = Double(state &>> 11) * 0x1p-53
      let group = min(draw.groups &- 1, Int((Double(number) + jitter) * draw.stride))
      let start = group &* clusterSize
      let length = min(clusterSize, view.count &- start)
      let before = count
      if view.kept == nil {
        (raw + count &* size).copyMemory(from: view.base + start &* size, byteCount: length &* size)
        count &+= length
      } else {
        // Groups of 16 do not cross words.
        var kept = view.keptWord(start) &>> UInt64(truncatingIfNeeded: start & 63) & lowBits(length)
        while kept != 0 {
          let index = start &+ kept.trailingZeroBitCount
          (raw + count &* size).copyMemory(from: view.base + index &* size, byteCount: size)
          count &+= 1
          kept &= kept &- 1
        }
      }
      clusters[number &- draw.range.lowerBound] = UInt8(truncatingIfNeeded: count &- before)
    }
    let domain = rule.order.domain
    if domain.isNative(view.type) {
      _ = rule.encode(raw, count, into: keys)
    } else {
      domain.convert(raw, view.type, count, into: keys)
      _ = rule.encode(keys, count, into: keys)
    }
    return count
  }
}

/// A part of the sample that one thread draws.
private struct SampleDraw {
  let view: TensorView
  /// Numbers of the clusters among those of the tensor.
  let range: Range<Int>
  /// Clusters that the tensor holds.
  let groups: Int
  /// Clusters of the tensor for each one drawn.
  let stride: Double
  /// The place of the first among the clusters of the sample.
  let offset: Int
}
