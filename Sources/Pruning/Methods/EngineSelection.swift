import Sparsity
import Torch

/// Selection by the engine's operators, for tensors that lie elsewhere than in main memory. The same rules as
/// `Selection`'s: exactly k entries, ties by the lowest flat index, NaN by rule.
enum EngineSelection {
  /// `mask` with the k entries zeroed whose scores are smallest.
  static func zeroing(
    _ mask: Tensor, least k: Int, of scores: Tensor, nan: NaNRule, context: String
  ) throws(PruningError) -> Tensor {
    let flat = scores.detach().reshape(-1)
    if nan == .refuse, flat.dtype.isFloatingPoint {
      let places = flat.isNaN().nonzero()
      if places.count > 0 {
        throw .selection(.nan(buffer: 0, index: places[0, 0].intItem(), count: places.count), context: context)
      }
    }
    // A stable ascending sort leaves equal scores in flat order and puts NaN last.
    let order = flat.sort(0, stable: true).indices
    let out = mask.clone().contiguous()
    out.view(-1).indexFillInPlace(0, order.narrow(0, start: 0, length: k), 0)
    return out
  }
}
