import NN
import Torch

extension Prune {
  /// Puts a mask in the place of the one there is, where ``customFromMask(_:name:mask:)`` multiplies both: entries that
  /// were pruned and that `mask` keeps grow back, with the values that `name_orig` has for them.
  ///
  /// A tensor that is not pruned becomes so. The history begins anew, with `CustomFromMask`; ``undo(_:name:)`` brings mask
  /// and history back. Masks of 0 and 1 are kept packed, so that a mask that is replaced many times costs no more than one.
  /// - Parameters:
  ///   - module: The module that has the parameter.
  ///   - name: The parameter's name.
  ///   - mask: Of the parameter's shape; read as the dtype of the mask there is, or of the parameter.
  /// - Returns: The module.
  /// - Throws: ``PruningError/shape(of:expected:found:context:)`` and
  ///   ``PruningError/noParameter(_:module:parameters:reason:)``; the module is then as it was.
  @discardableResult
  public static func replaceMask<M: Module>(_ module: M, name: String, mask: Tensor) throws -> M {
    let target = try ParameterSite(module, name)
    guard let pruned = target.pruned else { return try customFromMask(module, name: name, mask: mask) }
    guard mask.shape == target.original.shape else {
      throw PruningError.shape(
        of: "the mask", expected: target.original.shape, found: mask.shape, context: target.context)
    }
    let before = pruned.buffer.mask
    var fresh = PruningMask(noGrad { mask.detach().to(before.dtype).to(before.device) })
    fresh.strides = before.strides
    pruned.replace(by: PruningState(mask: fresh, history: PruningContainer([CustomFromMask(mask: fresh)])))
    return module
  }
}
