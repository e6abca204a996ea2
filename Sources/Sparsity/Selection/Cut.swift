/// The exact border between the entries that go and those that stay.
///
/// Entries below the threshold go, entries above it stay, and of the entries equal to it exactly ``tiesPruned`` go, those
/// that come first. ``CutSearch`` finds a cut, ``CutApplier`` turns it into masks.
public struct Cut: Sendable, Hashable {
  /// The number of entries that go, over all buffers.
  public let pruned: Int
  /// The number of entries equal to the threshold that go, always those with the lowest flat index.
  public let tiesPruned: Int
  /// The number of entries equal to the threshold.
  public let ties: Int

  /// The threshold as a key of ``KeyRule``.
  let key: Int64
  let order: KeyOrder

  init(pruned: Int, tiesPruned: Int, ties: Int, key: Int64, order: KeyOrder) {
    self.pruned = pruned
    self.tiesPruned = tiesPruned
    self.ties = ties
    self.key = key
    self.order = order
  }

  /// The cut below everything: nothing goes.
  static func nothing(_ order: KeyOrder) -> Cut {
    let lowest = Int64.min >> Int64(64 - order.domain.byteCount * 8)
    return Cut(pruned: 0, tiesPruned: 0, ties: 0, key: lowest, order: order)
  }

  /// How many of the entries equal to the threshold go before another count matters: all of them, or ``tiesPruned``.
  var quota: Int { ties > 0 && tiesPruned == ties ? Int.max : tiesPruned }
}
