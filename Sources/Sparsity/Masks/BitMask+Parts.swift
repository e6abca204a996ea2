extension BitMask {
  /// A part of what ``expanded(alongDimension:of:)`` gives, for tensors larger than memory.
  ///
  /// - Parameters:
  ///   - dimension: The dimension whose channels this mask keeps or prunes; negative ones count from the last.
  ///   - shape: The tensor's shape, row-major.
  ///   - range: The flat indices of the part.
  /// - Returns: A mask over the entries of `range`.
  public func expanded(alongDimension dimension: Int, of shape: [Int], in range: Range<Int>) -> BitMask {
    let runs = ChannelRuns(shape: shape, dimension: dimension)
    precondition(
      count == runs.channels && range.lowerBound >= 0 && range.upperBound <= runs.outer * runs.channels * runs.inner,
      "BitMask.expanded: expected \(runs.channels) channels and a part of shape \(shape), found \(count) and \(range)")
    var result = BitMask(repeating: false, count: range.count)
    result.withMutableWords { words in
      var index = range.lowerBound
      if runs.inner == 1 {
        let part = WordStorage(uninitialized: BitMask.wordCount(count))
        withWords { source in
          while index < range.upperBound {
            let first = index % runs.channels
            let length = min(runs.channels - first, range.upperBound - index)
            part.pointer.initialize(repeating: 0, count: part.size)
            orBits(source, from: first, length, into: part.mutableBuffer)
            orBits(part.buffer, length, into: words, at: index - range.lowerBound)
            index += length
          }
        }
        return
      }
      while index < range.upperBound {
        let run = index / runs.inner
        let end = min((run + 1) * runs.inner, range.upperBound)
        if self[run % runs.channels] { setBits(words, index - range.lowerBound..<end - range.lowerBound) }
        index = end
      }
    }
    return result
  }

  /// This mask with its kept entries, one after the other, kept or pruned as the bits of `compact` say.
  ///
  /// ```swift
  /// BitMask([true, false, true]).depositing(BitMask([false, true]))    // 0 0 1
  /// ```
  ///
  /// - Parameter compact: A mask over ``keptCount`` entries.
  public func depositing(_ compact: BitMask) -> BitMask {
    precondition(
      compact.count == keptCount, "BitMask.depositing: expected \(keptCount) entries, found \(compact.count)")
    var result = self
    result.withMutableWords { words in
      compact.withWords { source in
        var next = 0
        for index in words.indices {
          var open = words[index]
          while open != 0 {
            let bit = open & (0 &- open)
            if source[next >> 6] >> UInt64(next & 63) & 1 == 0 { words[index] ^= bit }
            open ^= bit
            next += 1
          }
        }
      }
    }
    return result
  }
}
