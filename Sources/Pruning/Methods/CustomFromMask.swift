import Sparsity
import Torch

/// Prunes by a mask that the caller has. Counterpart of `torch.nn.utils.prune.CustomFromMask`.
///
/// The mask is multiplied with an earlier one. Its values are taken as they are, so that 0.5 halves an entry, as in
/// PyTorch; masks of 0 and 1 are kept packed.
public struct CustomFromMask: PruningMethod {
  /// The mask, of any dtype; converted to that of the mask it is multiplied with.
  public let mask: Tensor
  /// Everything.
  public let pruningType = PruningType.global

  /// The method.
  public init(mask: Tensor) { self.mask = mask.detach().clone() }

  /// The earlier mask times ``mask``.
  /// - Throws: ``PruningError/shape(of:expected:found:context:)`` where their shapes differ.
  public func computeMask(_ scores: Tensor, defaultMask: Tensor) throws -> Tensor {
    guard mask.shape == defaultMask.shape else {
      throw PruningError.shape(of: "the mask", expected: defaultMask.shape, found: mask.shape, context: description)
    }
    return defaultMask * mask.to(defaultMask.dtype).to(defaultMask.device)
  }
}
