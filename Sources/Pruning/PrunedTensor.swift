import Foundation
import NN
import OrderedCollections
import Sparsity
import Torch

/// The mask of a pruned tensor as a buffer of its module. It reads as a new tensor each time: writing to that tensor
/// does not change the mask; loading a state dict or ``Prune/customFromMask(_:name:mask:)`` does.
final class MaskBuffer: ComputedBuffer {
  private(set) var mask: PruningMask
  /// The masks before each further call, for going back; they move and convert with the module.
  private var past: [PruningMask] = []
  /// Counts the changes, so that the product knows whether it is still true.
  private(set) var version = 0

  init(_ mask: PruningMask) { self.mask = mask }

  var value: Tensor { mask.tensor }
  var shape: [Int] { mask.shape }

  func replace(by mask: PruningMask) {
    self.mask = mask
    version += 1
  }

  /// Takes over the mask of a further call.
  func push(_ mask: PruningMask) {
    past.append(self.mask)
    replace(by: mask)
  }

  /// Goes back to the mask before the last call.
  /// - Returns: Whether there was one.
  func pop() -> Bool {
    guard let last = past.popLast() else { return false }
    replace(by: last)
    return true
  }

  func validate(_ tensor: Tensor) throws {
    guard tensor.shape == shape else {
      throw PruningError.shape(of: "the mask", expected: shape, found: tensor.shape, context: "loading a state dict")
    }
  }

  func assign(_ tensor: Tensor) {
    var loaded = PruningMask(tensor.to(mask.device))
    loaded.strides = mask.strides
    if loaded.dtype != mask.dtype { loaded = PruningMask(loaded.tensor.to(mask.dtype)) }
    replace(by: loaded)
  }

  func convert(dtype: DType?, device: Device?) {
    replace(by: mask.converted(dtype: dtype, device: device))
    past = past.map { $0.converted(dtype: dtype, device: device) }
  }

  func copy(for twin: Module) -> MaskBuffer {
    let copy = MaskBuffer(mask)
    copy.past = past
    return copy
  }
}

/// A pruned tensor: mask times original, computed when it is read and kept as long as both stay what they were.
///
/// With gradients recorded, each read outside a forward pass gives a new product with its own history; within the
/// forward pass of its module all reads share one. So nothing is ever stale, and no history is used twice.
///
/// Tied weights, one parameter at several places, share one pruned tensor. Several threads may use a network at once as
/// long as none of them changes it: what is kept here has a lock.
final class PrunedTensor: ComputedTensor {
  /// The parameter as it is trained.
  let original: Tensor
  /// The mask, as it stands in the modules.
  let buffer: MaskBuffer
  /// The methods applied, in order.
  private(set) var history: PruningContainer
  /// Where the tensor stands.
  private(set) var places: [Place] = []
  /// Whether the pruning was made permanent, and not taken back, where the tensor stands nowhere any more.
  private(set) var isPermanent = false
  /// The histories before each further call.
  private var past: [PruningContainer] = []

  private let lock = NSLock()
  private var kept: (product: Tensor, original: Tensor, version: Int, maskVersion: Int)?
  private var shared: Tensor?
  private var forwardDepth = 0

  init(original: Tensor, mask: MaskBuffer, history: PruningContainer) {
    self.original = original
    buffer = mask
    self.history = history
  }

  var value: Tensor {
    guard isGradEnabled && original.requiresGrad else { return untracked }
    return lock.withLock {
      kept = nil  // an optimiser is about to make it untrue
      let product = shared ?? tracked
      if forwardDepth > 0 { shared = product }
      return product
    }
  }

  /// The product with gradients flowing to the original.
  private var tracked: Tensor { buffer.value.to(original.dtype) * original }

  /// The product without gradients, reused while neither factor has changed.
  private var untracked: Tensor {
    let version = original.version
    if let kept = lock.withLock({ kept }), kept.version == version, kept.maskVersion == buffer.version,
      kept.original.sharesStorage(with: original), kept.product.dtype == original.dtype
    {
      return kept.product
    }
    let product = buffer.mask.product(with: original)
    keep(product)
    return product
  }

  /// Keeps the product of mask and original as they stand now, if there is one.
  func keep(_ product: Tensor?) {
    // The detached alias keeps the storage alive, so that its address cannot come to stand for another one's.
    let fresh = product.map { ($0, original.detach(), original.version, buffer.version) }
    lock.withLock { kept = fresh }
  }

  func beginForward() { lock.withLock { forwardDepth += 1 } }
  func endForward() {
    lock.withLock {
      forwardDepth -= 1
      if forwardDepth == 0 { shared = nil }
    }
  }

  /// Takes over a further method's mask.
  func prune(_ composed: Composed, by method: any PruningMethod) {
    past.append(history)
    buffer.push(composed.mask)
    history.add(method)
    keep(composed.product)
  }

  /// Goes back by one method.
  /// - Returns: Whether there was an earlier one.
  func stepBack() -> Bool {
    guard buffer.pop(), let last = past.popLast() else { return false }
    history = last
    return true
  }

  func copy(for twin: Module) -> PrunedTensor {
    let names = twin.slots.keys.filter { name in
      if case .computed(let computed)? = twin.slots[name] { computed === self } else { false }
    }
    guard let name = names.first, let original = twin.slots[name + "_orig"]?.parameter,
      case .computedBuffer(let mask as MaskBuffer)? = twin.slots[name + "_mask"]
    else { fatalError("the copy of a pruned module lacks the parts of a pruned tensor") }
    let copy = PrunedTensor(original: original, mask: mask, history: history)
    copy.past = past
    return copy
  }
}

extension PrunedTensor {
  /// A module in which the tensor stands, and how to put the plain parameter back there.
  struct Place {
    private(set) weak var module: Module?
    let name: String
    /// The module's names before the tensor was pruned.
    let order: [String]
  }

  /// Splits the parameter `name` of `module` into its parts: original, mask and product, in PyTorch's order.
  /// - Parameter formerly: The module's names before, where the tensor has been there already.
  func enter(_ module: Module, _ name: String, formerly order: [String]? = nil) {
    places.append(Place(module: module, name: name, order: order ?? Array(module.slots.keys)))
    module.slots[name] = nil
    module.slots[name + "_orig"] = .parameter(original)
    module.slots[name + "_mask"] = .computedBuffer(buffer)
    module.slots[name] = .computed(self)
    module.addForwardPreHook(PruningHook(self, name))
  }

  /// Notes that a copy of this stands in a copied module, which has the parts already.
  func adopt(_ module: Module, _ name: String, order: [String]) {
    places.append(Place(module: module, name: name, order: order))
  }

  /// Takes the parts away everywhere and puts the parameter back: at the end, or where it was before.
  func leave(restoringOrder: Bool) {
    for place in places {
      guard let module = place.module else { continue }
      for part in ["", "_orig", "_mask"] { module.slots[place.name + part] = nil }
      module.slots[place.name] = .parameter(original)
      if restoringOrder { module.reorderSlots(place.order) }
      for (key, hook) in module.forwardPreHooks {
        if let hook = hook as? PruningHook, hook.state === self, hook.tensorName == place.name {
          module.removeForwardPreHook(key)
        }
      }
    }
    places = []
    isPermanent = !restoringOrder
  }
}

extension Module {
  /// The pruned tensor of that name in this module itself.
  func pruned(_ name: String) -> PrunedTensor? {
    if case .computed(let computed as PrunedTensor)? = slots[name] { computed } else { nil }
  }

  /// The names of the pruned tensors of this module itself.
  var prunedNames: [String] { slots.keys.filter { pruned($0) != nil } }

  /// Puts the names that `order` has into its order, before any others; neighbours of names it lacks stay together.
  func reorderSlots(_ order: [String]) {
    let rank = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
    // A part of another pruned tensor stands where that tensor stands at the end, as pruning put it.
    let sorted = slots.enumerated().sorted { a, b in
      (rank[a.element.key] ?? order.count, a.offset) < (rank[b.element.key] ?? order.count, b.offset)
    }
    slots = OrderedDictionary(uniqueKeysWithValues: sorted.map { ($0.element.key, $0.element.value) })
  }
}
