// Masks as sets of kept entries. All masks that meet have the same count.

extension BitMask {
  /// The entries that both masks keep.
  public func intersection(_ other: BitMask) -> BitMask {
    var result = self
    result.formIntersection(other)
    return result
  }

  /// The entries that either mask keeps.
  public func union(_ other: BitMask) -> BitMask {
    var result = self
    result.formUnion(other)
    return result
  }

  /// The entries that this mask keeps and `other` prunes.
  public func subtracting(_ other: BitMask) -> BitMask {
    var result = self
    result.combine(with: other) { $0 & ~$1 }
    return result
  }

  /// The entries that one of the masks keeps and the other prunes: where they differ.
  public func symmetricDifference(_ other: BitMask) -> BitMask {
    var result = self
    result.combine(with: other, ^)
    return result
  }

  /// The entries that this mask prunes.
  public var complement: BitMask {
    var result = self
    result.withMutableWords { words in
      for index in words.indices { words[index] = ~words[index] }
    }
    return result
  }

  /// Prunes every entry that `other` prunes.
  public mutating func formIntersection(_ other: BitMask) { combine(with: other, &) }

  /// Keeps every entry that `other` keeps.
  public mutating func formUnion(_ other: BitMask) { combine(with: other, |) }

  /// Whether `other` keeps every entry that this mask keeps.
  public func isSubset(of other: BitMask) -> Bool { intersection(other) == self }

  @inline(__always)
  private mutating func combine(with other: BitMask, _ combined: (UInt64, UInt64) -> UInt64) {
    precondition(count == other.count, "BitMask: expected a mask of \(count) entries, found one of \(other.count)")
    withMutableWords { mine in
      other.withWords { theirs in
        for index in mine.indices { mine[index] = combined(mine[index], theirs[index]) }
      }
    }
  }
}
