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

  /// The threshold as the key of ``KeyCoder``.
  let key: Int64
  let domain: KeyDomain
  let ranking: Ranking
  let nan: NaNRule

  init(
    pruned: Int, tiesPruned: Int, ties: Int, key: Int64, domain: KeyDomain, ranking: Ranking, nan: NaNRule
  ) {
    self.pruned = pruned
    self.tiesPruned = tiesPruned
    self.ties = ties
    self.key = key
    self.domain = domain
    self.ranking = ranking
    self.nan = nan
  }
}
