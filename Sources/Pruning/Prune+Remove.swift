import NN
import Torch

extension Prune {
  /// Makes the pruning of a tensor permanent: the parameter `name` is back, with zeros where it was pruned, at the end of
  /// the parameters; `name_orig`, `name_mask` and the hook are gone. `torch.nn.utils.prune.remove`.
  ///
  /// The parameter is the same `Tensor` object as before pruning, so an optimiser that holds it goes on with it. Its
  /// next step would move the zeros, as in PyTorch; `holdingZerosIn` prevents that.
  /// - Parameters:
  ///   - module: The module that has the parameter.
  ///   - name: The parameter's name.
  ///   - undoable: Whether ``undo(_:name:)`` can take the removal back. Keeps the unpruned values in memory.
  ///   - optimizer: An optimiser that holds the parameter, in whose further steps the zeros stay 0; see
  ///     ``holdZeros(_:name:in:)``.
  /// - Returns: The module.
  /// - Throws: ``PruningError/notPruned(_:module:pruned:)``.
  @discardableResult
  public static func remove<M: Module>(
    _ module: M, name: String, holdingZerosIn optimizer: (any Optimizer)? = nil, undoable: Bool = false
  ) throws -> M {
    guard let pruned = module.pruned(name) else {
      throw PruningError.notPruned(name, module: "\(module)", pruned: module.prunedNames)
    }
    if let optimizer { try holdZeros(module, name: name, in: optimizer) }
    module.companions[Removal.key(name)] = undoable ? Removal(pruned) : nil
    pruned.original.setData(noGrad { pruned.value })
    pruned.leave(restoringOrder: false)
    return module
  }
}
