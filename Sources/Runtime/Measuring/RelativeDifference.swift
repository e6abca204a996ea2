import Torch

extension [Tensor] {
  /// The largest relative difference of outputs to those of a reference; infinite for another number of them.
  package func relativeDifference(from reference: [Tensor]) -> Double {
    guard count == reference.count else { return .infinity }
    return zip(self, reference).reduce(0) { Swift.max($0, $1.0.relativeDifference(from: $1.1)) }
  }
}

extension Tensor {
  /// The largest difference to the entries of a reference, relative to the largest magnitude there; infinite for another
  /// shape, and for a NaN in one alone.
  package func relativeDifference(from reference: Tensor) -> Double {
    guard shape == reference.shape else { return .infinity }
    let (wanted, found) = (reference.array(of: Double.self), array(of: Double.self))
    var (largest, scale) = (0.0, 0.0)
    for (a, b) in zip(wanted, found) where !(a == b || (a.isNaN && b.isNaN)) {
      let difference = Swift.abs(a - b)
      largest = difference.isNaN ? .infinity : Swift.max(largest, difference)
    }
    for a in wanted where a.isFinite { scale = Swift.max(scale, Swift.abs(a)) }
    return largest == 0 ? 0 : scale == 0 ? .infinity : largest / scale
  }
}
