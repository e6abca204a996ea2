import NN
import Torch

extension Prune {
  /// Holds the pruned entries of a tensor through all further steps of an optimiser, whatever its momentum and weight
  /// decay would make of them.
  ///
  /// - While the tensor is pruned, the masked entries of `name_orig` keep the values they have. (The pruned tensor itself
  ///   is 0 there in any case; in PyTorch the originals drift.) Masks of later calls are followed.
  ///   After ``undo(_:name:)`` has taken the pruning back, nothing is held any more.
  /// - After ``remove(_:name:holdingZerosIn:undoable:)`` they stay 0.
  /// - Of a tensor that is not pruned, the entries that are 0 now stay 0: for models that were pruned elsewhere.
  ///
  /// Costs two passes over the parameter per step, and during the step a copy of it. Lasts as long as the optimiser.
  /// - Throws: ``PruningError/noParameter(_:module:parameters:reason:)``.
  public static func holdZeros(_ module: Module, name: String, in optimizer: any Optimizer) throws {
    let target = try Target(module, name)
    precondition(
      optimizer.parameters.contains { $0.isSame(as: target.original) },
      "holdZeros: the optimiser does not hold \(target.context); make it with the model's parameters")
    let holder = noGrad { ZeroHolder(target) }
    optimizer.beforeStep.append { holder.note() }
    optimizer.afterStep.append { holder.restore() }
  }
}

/// Puts the masked entries of a parameter back to what they were before a step.
private final class ZeroHolder {
  private let parameter: Tensor
  /// What prunes the parameter, while it does and after.
  private let state: PrunedTensor?
  /// Where the parameter was not 0, if it was not pruned.
  private let open: Tensor?
  /// The parameter as it was before the step at hand.
  private var last: Tensor?

  init(_ target: Target) {
    parameter = target.original
    state = target.pruned
    open = state == nil ? parameter.detach() .!= 0 : nil
  }

  func note() { if state.map({ !$0.places.isEmpty }) ?? false { last = parameter.detach().clone() } }

  func restore() {
    guard let open = openEntries else { return }
    parameter.copy(from: parameter.detach().where(open, else: last ?? parameter.detach().zerosLike()))
    last = nil
  }

  /// The entries that a step may move; nil where nothing is held, because the pruning was taken back.
  private var openEntries: Tensor? {
    guard let state else { return open }
    return state.places.isEmpty && !state.isPermanent ? nil : state.buffer.value .!= 0
  }
}
