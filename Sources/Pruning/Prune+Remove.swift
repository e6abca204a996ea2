import NN
import Torch

extension Prune {
  /// Makes the pruning of a tensor permanent: the parameter `name` is back, with zeros where it was pruned, at the end of
  /// the parameters; `name_orig`, `name_mask` and the hook are gone. `torch.nn.utils.prune.remove`.
  ///
  /// The parameter is the same `Tensor` object as before pruning, so an optimiser that holds it goes on with it.
  /// - Returns: The module.
  /// - Throws: ``PruningError/notPruned(_:module:pruned:)``.
  @discardableResult
  public static func remove<M: Module>(_ module: M, name: String) throws -> M {
    guard let pruned = module.pruned(name) else {
      throw PruningError.notPruned(name, module: "\(module)", pruned: module.prunedNames)
    }
    pruned.original.setData(noGrad { pruned.value })
    pruned.leave(restoringOrder: false)
    return module
  }

  /// Takes the last pruning call on a tensor back: mask, history and hook are what they were before it. Taking back the
  /// first call leaves the tensor unpruned, its names in their former order. Values that training has moved stay.
  /// - Returns: The module.
  /// - Throws: ``PruningError/notPruned(_:module:pruned:)`` where no call is left to take back.
  @discardableResult
  public static func undo<M: Module>(_ module: M, name: String) throws -> M {
    guard let pruned = module.pruned(name) else {
      throw PruningError.notPruned(name, module: "\(module)", pruned: module.prunedNames)
    }
    if !pruned.stepBack() { pruned.leave(restoringOrder: true) }
    return module
  }
}
