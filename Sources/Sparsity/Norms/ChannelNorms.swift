/// Ln norms of the channels of one dimension, over all other dimensions.
///
/// They rank channels for structured pruning, as `_compute_norm` of `torch.nn.utils.prune` does. Sums are accumulated in
/// double precision, so that `float16` norms do not overflow into ties and `float32` norms rank at least as well as
/// PyTorch's. The order of the additions depends on the shape alone: any number of threads gives the same bits.
public enum ChannelNorms {
  /// The norm of each channel.
  ///
  /// ```swift
  /// // shape [2, 3]: 3 4 0 / 1 0 0
  /// ChannelNorms.compute(bytes, type: .float32, shape: [2, 3], dimension: 0, order: 2)    // [5, 1]
  /// ```
  ///
  /// - Parameters:
  ///   - bytes: The weights in flat (row-major, contiguous) order; no alignment is needed.
  ///   - type: Their type; integers are fine too.
  ///   - shape: Their shape; its product is the number of entries.
  ///   - dimension: The dimension of the channels; negative ones count from the last.
  ///   - order: Any real number, infinity or minus infinity. 0 counts the entries that are not zero.
  ///   - kept: An earlier mask over all entries; those it prunes count as 0.
  ///   - threads: The most threads to use; all processors when nil.
  /// - Returns: `shape[dimension]` norms. Of no entries the norm is 0, and infinity for order minus infinity.
  ///
  /// One read of `bytes`; memory for at most a million partial sums.
  public static func compute(
    _ bytes: UnsafeRawBufferPointer, type: ElementType, shape: [Int], dimension: Int, order: Double,
    kept: BitMask? = nil, threads: Int? = nil
  ) -> [Double] {
    let runs = ChannelRuns(shape: shape, dimension: dimension)
    let count = runs.outer * runs.channels * runs.inner
    precondition(
      bytes.count == count * type.byteCount,
      "ChannelNorms.compute: expected \(count * type.byteCount) bytes of \(type) for shape \(shape), found \(bytes.count)"
    )
    precondition(
      kept.map { $0.count == count } ?? true,
      "ChannelNorms.compute: expected an earlier mask of \(count) entries, found \(kept?.count ?? 0)")
    let norm = ReductionKernel(order: order)
    guard count > 0 else { return Array(repeating: norm.start, count: runs.channels) }
    return withExtendedLifetime(kept) {
      let reader = DoubleReader(
        base: bytes.baseAddress.unsafelyUnwrapped, type: type, kept: kept.map { UnsafePointer($0.storage.pointer) })
      let tiling = Tiling(runs)
      let partials = UnsafeMutablePointer<Double>.allocate(capacity: tiling.parts * runs.channels)
      defer { partials.deallocate() }
      partials.initialize(repeating: norm.start, count: tiling.parts * runs.channels)
      Parallel.perform(pieces: tiling.tiles, threads: Parallel.threads(threads, entries: count)) { tile in
        reduce(norm, reader, runs, tiling, tile, into: partials)
      }
      return (0..<runs.channels).map { channel in
        var total = partials[channel]
        for part in 1..<max(tiling.parts, 1) { total = norm.merge(total, partials[part * runs.channels + channel]) }
        return norm.finish(total)
      }
    }
  }

  /// Accumulates one tile.
  private static func reduce(
    _ norm: ReductionKernel, _ reader: DoubleReader, _ runs: ChannelRuns, _ tiling: Tiling, _ tile: Int,
    into partials: UnsafeMutablePointer<Double>
  ) {
    let place = tiling.place(tile)
    let sums = partials + place.part * runs.channels
    let scratch = UnsafeMutablePointer<Double>.allocate(capacity: DoubleReader.blockSize)
    defer { scratch.deallocate() }
    for outer in place.outer {
      let row = outer * runs.channels * runs.inner
      if runs.inner == 1 {
        reader.forEachBlock(row + place.channels.lowerBound, place.channels.count, scratch) { values, start, count in
          norm.accumulate(values, count, into: sums + place.channels.lowerBound + start)
        }
      } else if runs.inner <= DoubleReader.blockSize / 2 {
        // Whole channels, several to a block.
        let each = DoubleReader.blockSize / runs.inner
        for first in stride(from: place.channels.lowerBound, to: place.channels.upperBound, by: each) {
          let channels = min(each, place.channels.upperBound - first)
          let values = reader.read(row + first * runs.inner, channels * runs.inner, scratch)
          for channel in 0..<channels {
            let sum = norm.reduce(values + channel * runs.inner, runs.inner)
            sums[first + channel] = norm.merge(sums[first + channel], sum)
          }
        }
      } else {
        for channel in place.channels {
          let start = row + channel * runs.inner + place.inner.lowerBound
          reader.forEachBlock(start, place.inner.count, scratch) { values, _, count in
            sums[channel] = norm.merge(sums[channel], norm.reduce(values, count))
          }
        }
      }
    }
  }
}

/// How the work is divided: a function of the shape alone, so that sums do not depend on the number of threads.
private struct Tiling {
  private let runs: ChannelRuns
  private let channelTiles: Int
  private let outerParts: Int
  private let innerParts: Int

  /// About this many tiles keep all processors busy.
  private static let wanted = 32
  /// Entries of a tile at least.
  private static let smallest = 1 << 14
  private static let partialLimit = 1 << 20

  init(_ runs: ChannelRuns) {
    self.runs = runs
    let count = runs.outer * runs.channels * runs.inner
    let most = max(1, min(Self.wanted, count / Self.smallest))
    // Long rows are read fastest; their partial sums must stay few.
    outerParts = max(1, min(most, runs.outer, Self.partialLimit / max(runs.channels, 1)))
    // Whole cache lines of channels where these lie side by side.
    channelTiles = max(1, min(most / outerParts, runs.channels * min(runs.inner, 64) / 64))
    innerParts = runs.inner > Self.smallest ? max(1, min(most / (channelTiles * outerParts), runs.inner / 64)) : 1
  }

  /// Partial sums of each channel.
  var parts: Int { outerParts * innerParts }
  var tiles: Int { channelTiles * parts }

  func place(_ tile: Int) -> (part: Int, channels: Range<Int>, outer: Range<Int>, inner: Range<Int>) {
    func share(_ count: Int, _ index: Int, _ of: Int) -> Range<Int> { count * index / of..<count * (index + 1) / of }
    let part = tile / channelTiles
    return (
      part, share(runs.channels, tile % channelTiles, channelTiles),
      share(runs.outer, part / innerParts, outerParts), share(runs.inner, part % innerParts, innerParts)
    )
  }
}

/// Reads entries of any type as doubles, those that an earlier mask prunes as 0.
struct DoubleReader: @unchecked Sendable {
  static let blockSize = 1024

  let base: UnsafeRawPointer
  let type: ElementType
  let kept: UnsafePointer<UInt64>?

  /// Up to a block of entries from flat index `start` on, in `scratch`.
  @inline(__always)
  func read(_ start: Int, _ count: Int, _ scratch: UnsafeMutablePointer<Double>) -> UnsafePointer<Double> {
    KeyDomain.float64.convert(base + start &* type.byteCount, type, count, into: UnsafeMutableRawPointer(scratch))
    if let kept {
      for index in 0..<count {
        let entry = start &+ index
        if kept[entry &>> 6] &>> UInt64(truncatingIfNeeded: entry & 63) & 1 == 0 { scratch[index] = 0 }
      }
    }
    return UnsafePointer(scratch)
  }

  /// Calls `body` for each block with its values, its place after `start` and its size.
  @inline(__always)
  func forEachBlock(
    _ start: Int, _ count: Int, _ scratch: UnsafeMutablePointer<Double>,
    _ body: (UnsafePointer<Double>, Int, Int) -> Void
  ) {
    var done = 0
    while done < count {
      let size = min(Self.blockSize, count &- done)
      body(read(start &+ done, size, scratch), done, size)
      done &+= size
    }
  }
}
