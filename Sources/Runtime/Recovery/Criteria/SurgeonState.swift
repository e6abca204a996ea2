import Torch

/// What is left of a layer while units of its inputs are removed: the inverse of the covariance of those that are left, and
/// the weights that put out nearest what it put out.
struct SurgeonState {
  private var inverse: Tensor
  private var weights: Tensor
  /// The entries of each unit, `[units, entries]`.
  private let entries: [Tensor]
  private let isEven: Bool
  /// What a cost is measured by: how much the outputs move at all.
  private let scale: Double

  /// - Parameters:
  ///   - covariance: of the inputs; damped by a thousandth of its mean diagonal.
  ///   - weights: `[inputs, outputs]`.
  ///   - entries: of each unit.
  init(_ covariance: Tensor, _ weights: Tensor, _ entries: [[Int]]) throws {
    let spread = (weights * covariance.matmul(weights)).sum().item()
    scale = spread > 0 ? spread : 1
    let damping = max(covariance.diagonal().mean().item() * 1e-3, 1e-12)
    let damped = covariance.clone()
    damped.diagonal().addInPlace(damping)
    let found = callList("linalg_cholesky_ex", damped, capacity: 2)
    guard found.count == 2, found[1].countNonzero() == 0 else {
      throw RecoveryError.data(
        expected: "inputs of layers that are numbers", found: "a covariance that has no inverse",
        advice: "look for NaN among weights and samples")
    }
    inverse = call("cholesky_inverse", found[0])
    self.weights = weights.clone()
    self.entries = entries.map { Tensor($0.map(Int64.init)).to(weights.device) }
    isEven = Set(entries.map(\.count)).count == 1
  }

  /// What the outputs lose with each of some units, the weights of the others refitted.
  func costs(_ units: [Int]) -> [Double] {
    guard isEven, let width = entries.first?.count else { return units.map { cost($0) } }
    let picks = Tensor.stack(units.map { entries[$0] })
    let rows = weights.indexSelect(0, picks.reshape([-1])).reshape([units.count, width, weights.shape[1]])
    let blocks = call("index.Tensor", inverse, [picks.unsqueeze(2), picks.unsqueeze(1)])
    let solved = call("linalg_solve", blocks, rows)
    return ((rows * solved).sum([1, 2]) / scale).array(of: Double.self)
  }

  private func cost(_ unit: Int) -> Double {
    let (rows, block) = parts(unit)
    return (rows * call("linalg_solve", block, rows)).sum().item() / scale
  }

  private func parts(_ unit: Int) -> (rows: Tensor, block: Tensor) {
    let picks = entries[unit]
    return (weights.indexSelect(0, picks), inverse.indexSelect(0, picks).indexSelect(1, picks))
  }

  /// Removes a unit: weights and inverse of what is left.
  mutating func remove(_ unit: Int) {
    let picks = entries[unit]
    let (rows, block) = parts(unit)
    let columns = inverse.indexSelect(1, picks)
    let factor = columns.matmul(block.inverse())
    weights = weights - factor.matmul(rows)
    inverse = inverse.addmm(factor, columns.t, alpha: -1)
    // What is gone moves nothing any more.
    weights.indexFillInPlace(0, picks, 0)
    inverse.indexFillInPlace(0, picks, 0)
    inverse.indexFillInPlace(1, picks, 0)
  }
}
