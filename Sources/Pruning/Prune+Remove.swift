import NN
import OrderedCollections
import Torch

extension Prune {
  /// Makes the pruning of a tensor permanent: the parameter `name` is back, with zeros where it was pruned, at the end of
  /// the parameters; `name_orig`, `name_mask` and the hook are gone. `torch.nn.utils.prune.remove`.
  ///
  /// The parameter is the same `Tensor` object as before pruning, so an optimiser that holds it goes on with it. Its
  /// next step would move the zeros, as in PyTorch; `holdingZerosIn` prevents that.
  /// - Parameters:
  ///   - holdingZerosIn: An optimiser that holds the parameter, in whose further steps the zeros stay 0; see
  ///     ``holdZeros(_:name:in:)``.
  ///   - undoable: Whether ``undo(_:name:)`` can take the removal back. Keeps the unpruned values in memory.
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

  /// Takes the last pruning call on a tensor back: mask, history, hooks and the order of names are what they were before
  /// it. Taking back the first call leaves the tensor unpruned. Values that training has moved stay, but for a removal
  /// that is taken back, which brings the values from before it.
  /// - Returns: The module.
  /// - Throws: ``PruningError/notPruned(_:module:pruned:)`` where no call is left to take back.
  @discardableResult
  public static func undo<M: Module>(_ module: M, name: String) throws -> M {
    if let pruned = module.pruned(name) {
      if !pruned.stepBack() { pruned.leave(restoringOrder: true) }
    } else if let removal = module.companions.removeValue(forKey: Removal.key(name)) as? Removal {
      removal.takeBack()
    } else {
      throw PruningError.notPruned(name, module: "\(module)", pruned: module.prunedNames)
    }
    return module
  }
}

/// What a removal needs to be taken back.
private final class Removal {
  private let pruned: PrunedTensor
  private let values: Tensor
  private let places: [(place: PrunedTensor.Place, order: [String], hooks: OrderedDictionary<Int, any ForwardPreHook>)]

  init(_ pruned: PrunedTensor) {
    self.pruned = pruned
    values = pruned.original.detach()
    places = pruned.places.compactMap { place in
      place.module.map { (place, Array($0.slots.keys), $0.forwardPreHooks) }
    }
  }

  static func key(_ name: String) -> String { "Pruning.removal.\(name)" }

  func takeBack() {
    pruned.original.setData(values)
    for (place, order, hooks) in places {
      guard let module = place.module else { continue }
      pruned.enter(module, place.name, formerly: place.order)
      module.reorderSlots(order)
      // The hook under its former key, between those that are still there and before those that came since.
      let since = module.forwardPreHooks.filter {
        hooks[$0.key] == nil && !(($0.value as? PruningHook)?.state === pruned)
      }
      let former = hooks.filter {
        module.forwardPreHooks[$0.key] != nil || ($0.value as? PruningHook)?.state === pruned
      }
      module.forwardPreHooks = former.merging(since) { old, _ in old }
    }
  }
}
