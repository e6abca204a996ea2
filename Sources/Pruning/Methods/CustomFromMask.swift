import Sparsity
import Torch

/// Prunes by a mask that the caller has. Counterpart of `torch.nn.utils.prune.CustomFromMask`.
///
/// The mask is multiplied with an earlier one. Its values are taken as they are, so that 0.5 halves an entry, as in
/// PyTorch; masks of 0 and 1 are kept packed.
public struct CustomFromMask: PruningMethod {
  /// The mask, of any dtype; converted to that of the mask it is multiplied with.
  public var mask: Tensor { kept.tensor }
  private let kept: PruningMask
  /// Everything.
  public let pruningType = PruningType.global

  /// The method.
  public init(mask: Tensor) { self.init(mask: PruningMask(mask)) }

  init(mask: PruningMask) { kept = mask }

  /// The earlier mask times ``mask``.
  /// - Throws: ``PruningError/shape(of:expected:found:context:)`` where their shapes differ.
  public func computeMask(_ scores: Tensor, defaultMask: Tensor) throws -> Tensor {
    guard kept.shape == defaultMask.shape else {
      throw PruningError.shape(of: "the mask", expected: defaultMask.shape, found: kept.shape, context: description)
    }
    return defaultMask * kept.borrowedTensor.to(defaultMask.dtype).to(defaultMask.device)
  }
}
