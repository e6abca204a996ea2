import Foundation
import NN
import OrderedCollections
import Torch

extension Prune {
  /// How many earlier masks of each tensor are kept for ``undo(_:name:)``: 8 unless set otherwise, in the whole process,
  /// for calls from now on. A mask of 0 and 1 takes one bit an entry.
  public static var undoLimit: Int {
    get { undoLimitStorage.value }
    set {
      precondition(newValue >= 0, "Prune.undoLimit: expected 0 or more, found \(newValue)")
      undoLimitStorage.value = newValue
    }
  }

  private static let undoLimitStorage = LockedNumber(8)

  /// Takes the last pruning call on a tensor back: mask, history, hooks and the order of names are what they were before
  /// it. Taking back the first call leaves the tensor unpruned. Values that training has moved stay, but for a removal
  /// that is taken back, which brings the values from before it.
  /// - Returns: The module.
  /// - Throws: ``PruningError/notPruned(_:module:pruned:)`` where no call is left to take back, and
  ///   ``PruningError/undoLimit(_:module:limit:)`` where the mask before the call is no longer kept.
  @discardableResult
  public static func undo<M: Module>(_ module: M, name: String) throws -> M {
    if let pruned = module.pruned(name) {
      switch pruned.buffer.pop() {
      case .earlier: break
      case .unpruned: pruned.leave(restoringOrder: true)
      case .dropped: throw PruningError.undoLimit(name, module: "\(module)", limit: undoLimit)
      }
    } else if let removal = module.companions.removeValue(forKey: Removal.key(name)) as? Removal {
      removal.takeBack()
    } else {
      throw PruningError.notPruned(name, module: "\(module)", pruned: module.prunedNames)
    }
    return module
  }
}

/// A number that any thread may read and set.
private final class LockedNumber: @unchecked Sendable {
  private let lock = NSLock()
  private var number: Int
  init(_ number: Int) { self.number = number }
  var value: Int {
    get { lock.withLock { number } }
    set { lock.withLock { number = newValue } }
  }
}

/// What a removal needs to be taken back.
final class Removal {
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
