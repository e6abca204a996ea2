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
  /// Costs two passes over the parameter per step, and during the step a copy of it. Lasts until
  /// ``releaseZeros(_:name:in:)`` or as long as the optimiser. A further call for the same parameter takes the place of
  /// the earlier one.
  /// - Throws: ``PruningError/noParameter(_:module:parameters:reason:)``, and
  ///   ``PruningError/foreignOptimizer(_:module:)`` for an optimiser that does not hold the parameter.
  public static func holdZeros(_ module: Module, name: String, in optimizer: any Optimizer) throws {
    let target = try ParameterSite(module, name)
    guard optimizer.holds(target.original) else {
      throw PruningError.foreignOptimizer(name, module: "\(module)")
    }
    let holder = noGrad { ZeroHolder(target) }
    optimizer.releaseZeros(of: target.original)
    optimizer.stepHooks.add(holder)
  }

  /// Ends what ``holdZeros(_:name:in:)`` began: further steps move the entries again.
  /// - Returns: Whether they were held.
  /// - Throws: ``PruningError/noParameter(_:module:parameters:reason:)``.
  @discardableResult
  public static func releaseZeros(_ module: Module, name: String, in optimizer: any Optimizer) throws -> Bool {
    optimizer.releaseZeros(of: try ParameterSite(module, name).original)
  }
}

extension Optimizer {
  /// Takes away what holds the zeros of a parameter.
  @discardableResult
  fileprivate func releaseZeros(of parameter: Tensor) -> Bool {
    let keys = stepHooks.hooks.filter { ($0.value as? ZeroHolder)?.parameter.isSame(as: parameter) ?? false }.keys
    for key in keys { stepHooks.remove(key) }
    return !keys.isEmpty
  }
}

/// Puts the masked entries of a parameter back to what they were before a step.
private final class ZeroHolder: StepHook {
  let parameter: Tensor
  /// What prunes the parameter, while it does and after.
  private var state: PrunedTensor?
  /// Where the parameter was not 0, if it was not pruned.
  private var open: Tensor?
  /// The parameter as it was before the step at hand.
  private var last: Tensor?

  init(_ target: ParameterSite) {
    parameter = target.original
    state = target.pruned
    open = state == nil ? parameter.detach() .!= 0 : nil
  }

  func willStep() { if state.map({ !$0.places.isEmpty }) ?? false { last = parameter.detach().clone() } }

  func didStep() {
    guard let open = openEntries else { return }
    parameter.copy(from: parameter.detach().where(open, else: last ?? parameter.detach().zerosLike()))
    last = nil
  }

  func didSlice(_ parameter: Tensor, dim: Int, indices: Tensor) {
    guard parameter.isSame(as: self.parameter), let entries = openEntries else { return }
    // While the tensor is pruned, its mask is that of the module, which is sliced there.
    guard state?.places.isEmpty ?? true else { return }
    (open, state) = (entries.indexSelect(dim, indices), nil)
  }

  /// The entries that a step may move; nil where nothing is held, because the pruning was taken back.
  private var openEntries: Tensor? {
    guard let state else { return open }
    return state.places.isEmpty && !state.isPermanent ? nil : state.buffer.factor(dtype: parameter.dtype) .!= 0
  }
}
