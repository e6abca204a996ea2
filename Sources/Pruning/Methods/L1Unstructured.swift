import Sparsity
import Torch

/// Prunes the entries of smallest magnitude. Counterpart of `torch.nn.utils.prune.L1Unstructured`.
///
/// Exactly as many entries go as ``amount`` says; of equal magnitudes the one with the lowest flat index goes first.
/// Magnitude pruning: Han et al. 2015, "Learning both Weights and Connections for Efficient Neural Networks".
public struct L1Unstructured: AmountMethod, EntryMethod {
  /// How many of the entries that take part are pruned.
  public let amount: Amount
  /// What to do with NaN among the scores.
  public let nan: NaNRule
  /// Single entries.
  public let pruningType = PruningType.unstructured

  /// The method.
  public init(amount: Amount) { self.init(amount: amount, nan: .refuse) }

  /// The method with a rule for NaN: `.rankLargest` keeps them longest, as PyTorch does.
  public init(amount: Amount, nan: NaNRule) {
    self.amount = amount
    self.nan = nan
  }

  /// The earlier mask with the entries of smallest |score| zeroed; entries that are 0 in it take part as well, as in
  /// PyTorch. (On a module, earlier masks are left out of the ranking.)
  public func computeMask(_ scores: Tensor, defaultMask: Tensor) throws -> Tensor {
    guard scores.isInMainMemory else {
      let k = try resolve(amount, of: scores.count)
      return try EngineSelection.zeroing(defaultMask, least: k, of: scores.abs(), nan: nan, context: description)
    }
    let survivors = try survivors(of: [scores.detach().contiguous()], kept: [nil])[0]
    return defaultMask * Tensor.make(survivors, shape: scores.shape, dtype: defaultMask.dtype)
  }

  func survivors(of scores: [Tensor], kept: [BitMask?]) throws -> [BitMask] {
    try survivors(of: scores, kept: kept, multiplying: scores.map { _ in nil }).masks
  }

  func survivors(of scores: [Tensor], kept: [BitMask?], multiplying weights: [Tensor?]) throws -> Survivors {
    let available = zip(scores, kept).reduce(0) { $0 + ($1.1?.keptCount ?? $1.0.count) }
    return try select(
      resolve(amount, of: available), of: scores, kept: kept, by: .magnitude, nan: nan, multiplying: weights)
  }
}
