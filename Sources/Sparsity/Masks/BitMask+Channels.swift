extension BitMask {
  /// Spreads a mask over the channels of one dimension to all entries of a tensor.
  ///
  /// ```swift
  /// // shape [2, 3], dimension 1, channel 1 pruned: 1 0 1 / 1 0 1
  /// BitMask([true, false, true]).expanded(alongDimension: 1, of: [2, 3])
  /// ```
  ///
  /// - Parameters:
  ///   - dimension: The dimension whose channels this mask keeps or prunes; `count == shape[dimension]`. Negative
  ///     dimensions count from the last.
  ///   - shape: The tensor's shape, row-major.
  /// - Returns: A mask over the product of the shape.
  public func expanded(alongDimension dimension: Int, of shape: [Int]) -> BitMask {
    let runs = ChannelRuns(shape: shape, dimension: dimension)
    precondition(
      count == runs.channels,
      "BitMask.expanded: expected a mask of \(runs.channels) channels for dimension \(dimension) of \(shape),"
        + " found \(count)")
    // The bits of one outer index, then repeated.
    var period = BitMask(repeating: false, count: runs.channels * runs.inner)
    period.withMutableWords { words in
      for channel in 0..<runs.channels where self[channel] {
        setBits(words, channel * runs.inner..<(channel + 1) * runs.inner)
      }
    }
    guard runs.outer != 1 else { return period }
    var result = BitMask(repeating: false, count: runs.outer * period.count)
    result.withMutableWords { words in
      period.withWords { source in
        for outer in 0..<runs.outer { orBits(source, period.count, into: words, at: outer * period.count) }
      }
    }
    return result
  }

  /// For each channel of one dimension, whether any of its entries is kept.
  ///
  /// Channels that earlier pruning removed wholly take no part in structured pruning: this is
  /// `t.sum(dims) != 0` of PyTorch's `PruningContainer` on the mask.
  ///
  /// - Parameters:
  ///   - dimension: The dimension of the channels; negative ones count from the last.
  ///   - shape: The tensor's shape, row-major; its product is ``count``.
  /// - Returns: A mask of `shape[dimension]` entries.
  public func keptChannels(alongDimension dimension: Int, of shape: [Int]) -> BitMask {
    let runs = ChannelRuns(shape: shape, dimension: dimension)
    precondition(
      count == runs.outer * runs.channels * runs.inner,
      "BitMask.keptChannels: expected the \(runs.outer * runs.channels * runs.inner) entries of \(shape), found \(count)"
    )
    let period = runs.channels * runs.inner
    var merged = BitMask(repeating: false, count: period)
    merged.withMutableWords { words in
      self.withWords { source in
        for outer in 0..<runs.outer { orBits(source, from: outer * period, period, into: words) }
      }
    }
    if runs.inner == 1 { return merged }
    return merged.withWords { words in
      BitMask((0..<runs.channels).map { anyBit(words, $0 * runs.inner..<($0 + 1) * runs.inner) })
    }
  }
}

/// A shape seen from one dimension: `outer` blocks of `channels` runs of `inner` consecutive entries.
struct ChannelRuns {
  let outer: Int
  let channels: Int
  let inner: Int

  init(shape: [Int], dimension: Int) {
    let index = dimension < 0 ? dimension + shape.count : dimension
    precondition(
      shape.indices.contains(index),
      "expected a dimension in \(-shape.count)..<\(shape.count) for shape \(shape), found \(dimension)")
    precondition(shape.allSatisfy { $0 >= 0 }, "expected sizes of 0 or more, found shape \(shape)")
    outer = shape[..<index].reduce(1, *)
    channels = shape[index]
    inner = shape[(index + 1)...].reduce(1, *)
  }
}
