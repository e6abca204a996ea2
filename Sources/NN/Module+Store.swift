import Foundation
import OrderedCollections

/// What a ``Module`` keeps: tensors, hooks, its mode, and the children found in its properties.
final class ModuleStore {
  var slots: OrderedDictionary<String, Slot> = [:]
  var forwardPreHooks: OrderedDictionary<Int, any ForwardPreHook> = [:]
  var nextHookID = 0
  var isTraining = true
  var companions: [String: AnyObject] = [:]

  /// Several threads may use a network at once, and the first of them finds its children.
  private let lock = NSLock()
  private var known: KnownChildren?

  /// The children as they were found last, or as they are now where properties have been assigned since.
  func children(of module: Module) -> OrderedDictionary<String, Module> {
    if let children = lock.withLock({ known })?.current(in: module) { return children }
    let search = ChildSearch(module)
    let fresh = KnownChildren(of: module, search)
    lock.withLock { known = fresh }
    return search.found
  }
}

extension Module {
  /// The tensors of this module itself, without its children's, in order.
  ///
  /// Tensors are added with ``registerParameter(_:_:)`` and ``registerBuffer(_:_:)``, read with ``subscript(_:)``, and
  /// exchanged with ``replaceParameter(_:by:)``; pruning exchanges entries for computed ones.
  public package(set) final var slots: OrderedDictionary<String, Slot> {
    get { store.slots }
    set { store.slots = newValue }
  }

  /// Called before each forward pass, in the order in which they were added; keys are what
  /// `addForwardPreHook` returned.
  public package(set) final var forwardPreHooks: OrderedDictionary<Int, any ForwardPreHook> {
    get { store.forwardPreHooks }
    set { store.forwardPreHooks = newValue }
  }

  /// Whether layers that tell training from evaluation (dropout, batch norm) are training. See ``train(_:)``.
  public final var isTraining: Bool {
    get { store.isTraining }
    set { store.isTraining = newValue }
  }

  /// Objects that pruning keeps with the module, by names of their own. They are not part of its state and are not
  /// copied with it.
  package final var companions: [String: AnyObject] {
    get { store.companions }
    set { store.companions = newValue }
  }

  final var nextHookID: Int {
    get { store.nextHookID }
    set { store.nextHookID = newValue }
  }
}
