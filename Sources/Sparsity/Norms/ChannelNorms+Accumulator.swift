extension ChannelNorms {
  /// The norms of channels of a tensor that comes block by block, for tensors larger than memory.
  ///
  /// ```swift
  /// var accumulator = ChannelNorms.Accumulator(shape: [2, 3], dimension: 0, order: 2)
  /// accumulator.add(Scores(firstFour), at: 0)
  /// accumulator.add(Scores(lastTwo), at: 4)
  /// accumulator.norms     // of 2 channels
  /// ```
  ///
  /// Sums are accumulated in double precision. The order of additions depends on the shape alone, whatever the blocks
  /// and the threads, as long as blocks come in order and begin at multiples of ``granularity``: a tensor in memory,
  /// added at once, has the same norms to the last bit. `compute` adds in another order. Memory: 8 bytes for each
  /// channel, 40 for up to 65,536.
  public struct Accumulator {
    private let runs: ChannelRuns
    private let norm: ReductionKernel
    /// Channel by channel, once for each of the threads' lanes.
    private var sums: [Double]
    private let lanes: Int

    /// Blocks begin at multiples of so many entries.
    public static let granularity = 1024
    /// Stretches of so many entries go to the lanes in turn.
    private static let stretch = 1 << 14

    /// An accumulation of norms that has seen nothing yet; parameters as for `compute`.
    public init(shape: [Int], dimension: Int, order: Double) {
      self.init(shape: shape, dimension: dimension, reduction: .norm(order))
    }

    /// An accumulation that has seen nothing yet.
    public init(shape: [Int], dimension: Int, reduction: Reduction) {
      runs = ChannelRuns(shape: shape, dimension: dimension)
      norm = ReductionKernel(reduction)
      lanes = runs.channels > 1 << 16 ? 1 : 4
      sums = Array(repeating: norm.start, count: runs.channels * lanes)
    }

    /// Adds the entries from flat index `start` on; every entry once. One read of the block.
    ///
    /// - Parameters:
    ///   - block: The entries, and the earlier mask.
    ///   - start: The flat index of the first.
    ///   - threads: The most threads to use; all processors when nil. The result is the same for any number.
    public mutating func add(_ block: Scores, at start: Int, threads: Int? = nil) {
      precondition(
        start >= 0 && start + block.count <= runs.outer * runs.channels * runs.inner,
        "ChannelNorms.Accumulator.add: expected a part of the tensor, found \(block.count) entries from \(start)")
      precondition(block.kept.map { $0.count == block.count } ?? true, "ChannelNorms.Accumulator.add: another mask")
      guard block.count > 0 else { return }
      let (runs, norm, lanes) = (runs, norm, lanes)
      withExtendedLifetime(block.kept) {
        let reader = DoubleReader(
          base: block.bytes.baseAddress.unsafelyUnwrapped, type: block.type,
          kept: block.kept.map { UnsafePointer($0.storage.pointer) })
        sums.withUnsafeMutableBufferPointer { sums in
          let target = Target(base: sums.baseAddress.unsafelyUnwrapped)
          let end = start + block.count
          Parallel.perform(pieces: lanes, threads: Parallel.threads(threads, entries: block.count)) { lane in
            for stretch in start / Self.stretch...(end - 1) / Self.stretch where stretch % lanes == lane {
              let range = max(start, stretch * Self.stretch) - start..<min(end, (stretch + 1) * Self.stretch) - start
              Self.add(reader, range, start, runs, norm, into: target.base + lane * runs.channels)
            }
          }
        }
      }
    }

    /// The norm of each channel, of what was added so far.
    public var norms: [Double] {
      (0..<runs.channels).map { channel in
        var total = sums[channel]
        for lane in 1..<max(lanes, 1) { total = norm.merge(total, sums[lane * runs.channels + channel]) }
        return norm.finish(total)
      }
    }

    /// Sums on their way to the threads, each of which writes a part of its own.
    private struct Target: @unchecked Sendable {
      let base: UnsafeMutablePointer<Double>
    }

    private static func add(
      _ reader: DoubleReader, _ range: Range<Int>, _ start: Int, _ runs: ChannelRuns, _ norm: ReductionKernel,
      into sums: UnsafeMutablePointer<Double>
    ) {
      let scratch = UnsafeMutablePointer<Double>.allocate(capacity: DoubleReader.blockSize)
      defer { scratch.deallocate() }
      // Where the next entry stands: in its run, and in which channel.
      var inner = (start + range.lowerBound) % runs.inner
      var channel = (start + range.lowerBound) / runs.inner % runs.channels
      reader.forEachBlock(range.lowerBound, range.count, scratch) { values, _, count in
        var done = 0
        while done < count {
          if runs.inner == 1 {
            let size = min(count &- done, runs.channels &- channel)
            norm.accumulate(values + done, size, into: sums + channel)
            channel &+= size
            done &+= size
          } else {
            let size = min(count &- done, runs.inner &- inner)
            sums[channel] = norm.merge(sums[channel], norm.reduce(values + done, size))
            inner &+= size
            done &+= size
            if inner < runs.inner { continue }
            inner = 0
            channel &+= 1
          }
          if channel == runs.channels { channel = 0 }
        }
      }
    }
  }
}
