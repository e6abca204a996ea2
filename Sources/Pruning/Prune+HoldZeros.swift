import NN
import Torch

extension Prune {
  /// Holds the pruned entries of a tensor through all further steps of an optimiser, whatever its momentum and weight
  /// decay would make of them.
  ///
  /// - While the tensor is pruned, the masked entries of `name_orig` keep the values they have. (The pruned tensor itself
  ///   is 0 there in any case; in PyTorch the originals drift.) Masks of later calls are followed.
  /// - After ``remove(_:name:holdingZerosIn:undoable:)`` they stay 0.
  /// - Of a tensor that is not pruned, the entries that are 0 now stay 0: for models that were pruned elsewhere.
  ///
  /// Costs one copy of the parameter and one pass over it per step. Lasts as long as the optimiser.
  /// - Throws: ``PruningError/noParameter(_:module:parameters:reason:)``.
  public static func holdZeros(_ module: Module, name: String, in optimizer: any Optimizer) throws {
    let target = try Target(module, name)
    precondition(
      optimizer.parameters.contains { $0.isSame(as: target.original) },
      "holdZeros: the optimiser does not hold \(target.context); make it with the model's parameters")
    let holder = noGrad { ZeroHolder(target) }
    optimizer.afterStep.append { holder.restore() }
  }
}

/// Puts the masked entries of a parameter back to what they were before a step.
private final class ZeroHolder {
  private let parameter: Tensor
  /// What prunes the parameter, while it does and after.
  private let state: PrunedTensor?
  /// Where the parameter was 0, if it was not pruned.
  private let open: Tensor?
  private var last: Tensor

  init(_ target: Target) {
    parameter = target.original
    state = target.pruned
    last = parameter.detach().clone()
    open = state == nil ? parameter.detach() .!= 0 : nil
  }

  func restore() {
    let open = self.open ?? (state?.buffer.value ?? parameter.onesLike()) .!= 0
    let removed = state?.places.isEmpty ?? true
    parameter.copy(from: parameter.detach().where(open, else: removed ? last.zerosLike() : last))
    last.copy(from: parameter.detach())
  }
}
