import Sparsity
import Torch

/// Prunes nothing, but reparameterises with a mask of ones. Counterpart of `torch.nn.utils.prune.Identity`.
public struct Identity: EntryMethod {
  /// Single entries.
  public let pruningType = PruningType.unstructured

  /// The method.
  public init() {}

  /// The earlier mask.
  public func computeMask(_ scores: Tensor, defaultMask: Tensor) -> Tensor { defaultMask }

  func survivors(of scores: [Tensor], kept: [BitMask?]) -> [BitMask] {
    zip(scores, kept).map { $1 ?? BitMask(repeating: true, count: $0.count) }
  }
}
