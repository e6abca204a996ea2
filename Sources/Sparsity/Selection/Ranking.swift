/// Which entries are the least important, and go first.
///
/// Ties are settled the same way in every ranking: of equal entries the one with the lowest flat index goes first.
/// +0 and -0 are equal.
public enum Ranking: Sendable, Hashable, CaseIterable {
  /// The smallest absolute values go first. The magnitude of the most negative integer is exact.
  case magnitude
  /// The smallest values go first, signs counted.
  case value
  /// The largest values go first, signs counted: PyTorch prunes the largest random draws.
  case largestValue
}

/// What to do with NaN among the scores of entries that could go.
public enum NaNRule: Sendable, Hashable, CaseIterable {
  /// A NaN is an error: ``SelectionError/nan(buffer:index:count:)``.
  case refuse
  /// PyTorch's ranking: NaN counts as larger than everything, infinity too, whatever its sign; all NaN are equal.
  ///
  /// NaN thus goes last in ``Ranking/magnitude`` and ``Ranking/value``, and first in ``Ranking/largestValue``.
  case rankLargest
}
