import Sparsity

/// Layer-adaptive magnitude-based pruning (Lee et al. 2021, "Layer-adaptive sparsity for the Magnitude-based Pruning").
///
/// With the entries of a weight in the order of their magnitude, the score of entry u is `w[u]² / Σ w[v]²` over u and
/// all that come after it. Ranked globally it shares the sparsity out over the layers by itself; the largest entry of
/// each weight scores 1, so that none is emptied before all others are. Of equal magnitudes the one with the lowest flat
/// index comes first. Sums are float64; memory of a weight: 32 bytes an entry.
public struct LAMP: Criterion {
  /// `lamp`.
  public let name = "lamp"

  /// The criterion.
  public init() {}

  /// w² over the sum of the squares that are not smaller.
  public func scores(of weight: WeightValues) -> [Double] {
    let squares = weight.values.map { $0 * $0 }
    // Entries that are pruned already are no part of the weight any more.
    let order = squares.indices.filter { weight.kept?[$0] ?? true }.sorted { (squares[$0], $0) < (squares[$1], $1) }
    var scores = [Double](repeating: 0, count: squares.count)
    var sum = 0.0
    for index in order.reversed() {
      sum += squares[index]
      scores[index] = sum == 0 ? 0 : squares[index] / sum
    }
    return scores
  }
}

extension Criterion where Self == LAMP {
  /// Layer-adaptive magnitude, see ``LAMP``.
  public static var lamp: LAMP { LAMP() }
}
