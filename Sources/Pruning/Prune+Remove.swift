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
    let product = noGrad { pruned.value }
    pruned.original.setData(product)
    module.slots[name] = nil
    module.slots[name + "_orig"] = nil
    module.slots[name + "_mask"] = nil
    module.slots[name] = .parameter(pruned.original)
    for (key, hook) in module.forwardPreHooks where (hook as? PruningHook)?.state === pruned {
      module.removeForwardPreHook(key)
    }
    return module
  }
}
