import Foundation
import NN
import Torch

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
  /// The mask, as it stands in the modules, with what it was before.
  let buffer: MaskBuffer
  /// Where the tensor stands.
  private(set) var places: [Place] = []
  /// Whether gradients reach pruned entries of the original, too, as those of a dense weight that is 0 there: for
  /// whoever decides by them what grows back.
  var passesGradients = false
  /// Whether the pruning was made permanent, and not taken back, where the tensor stands nowhere any more.
  private(set) var isPermanent = false

  private let lock = NSLock()
  private var kept: KeptProduct?
  private var shared: Tensor?
  private var forwardDepth = 0

  init(original: Tensor, buffer: MaskBuffer) {
    self.original = original
    self.buffer = buffer
  }

  var shape: [Int] { original.shape }

  /// The methods applied, in order.
  var history: PruningContainer { buffer.history }

  var value: Tensor {
    if Recorder.current != nil { return recorded }
    guard isGradEnabled && original.requiresGrad else { return untracked }
    return lock.withLock {
      kept = nil  // an optimiser is about to make it untrue
      let product = shared ?? tracked
      if forwardDepth > 0 { shared = product }
      return product
    }
  }

  /// The product as operators compute it, for a recorder to hear; one for each forward pass.
  private var recorded: Tensor {
    lock.withLock {
      let product = shared ?? buffer.value.to(original.dtype) * original
      if forwardDepth > 0 { shared = product }
      return product
    }
  }

  /// The product with gradients flowing to the original.
  private var tracked: Tensor {
    if passesGradients {
      // Entry by entry w + (w - w) or w + (0 - w), which is exact.
      let difference = noGrad { buffer.mask.product(with: original) - original.detach() }
      return original + difference
    }
    if let bits = buffer.mask.bits, original.isInMainMemory, original.isContiguous {
      return original.multiplied(by: MaskFactors(bits))
    }
    return buffer.factor(dtype: original.dtype) * original
  }

  /// The product without gradients, reused while neither factor has changed, nor the product itself.
  private var untracked: Tensor {
    if let kept = lock.withLock({ kept }), kept.isTrue(of: original, buffer) { return kept.product }
    let product = buffer.mask.product(with: original)
    keep(product)
    return product
  }

  /// Keeps the product of mask and original as they stand now, if there is one.
  func keep(_ product: Tensor?) {
    let fresh = product.map { KeptProduct($0, of: original, buffer) }
    lock.withLock { kept = fresh }
  }

  func beginForward() { lock.withLock { forwardDepth += 1 } }
  func endForward() {
    lock.withLock {
      forwardDepth -= 1
      if forwardDepth == 0 { shared = nil }
    }
  }

  /// Takes over the mask of a further call.
  func prune(_ composed: Composed, by method: any PruningMethod) {
    buffer.push(PruningState(mask: composed.mask, history: history.recording(method)))
    keep(composed.product)
  }

  /// Takes over another mask in place of the one there is.
  func replace(by state: PruningState) {
    buffer.push(state)
    keep(nil)
  }

  func copy(for twin: Module) -> PrunedTensor {
    let names = twin.slots.keys.filter { name in
      if case .computed(let computed)? = twin.slots[name] { computed === self } else { false }
    }
    guard let name = names.first, let original = twin.slots[name + "_orig"]?.parameter,
      case .computedBuffer(let mask as MaskBuffer)? = twin.slots[name + "_mask"]
    else { fatalError("the copy of a pruned module lacks the parts of a pruned tensor") }
    return PrunedTensor(original: original, buffer: mask)
  }
}

/// A product of mask and original, and what it was computed from.
private struct KeptProduct {
  let product: Tensor
  private let productVersion: Int
  /// A detached alias, which keeps the memory alive, so that its address cannot come to stand for another one's.
  private let original: Tensor
  private let originalVersion: Int
  private let maskVersion: Int

  init(_ product: Tensor, of original: Tensor, _ mask: MaskBuffer) {
    self.product = product
    productVersion = product.version
    self.original = original.detach()
    originalVersion = original.version
    maskVersion = mask.version
  }

  /// Whether the product is still that of both. Layers may have written to it, as embeddings with a largest norm do.
  func isTrue(of original: Tensor, _ mask: MaskBuffer) -> Bool {
    originalVersion == original.version && maskVersion == mask.version && productVersion == product.version
      && self.original.sharesStorage(with: original) && product.dtype == original.dtype
      && product.shape == original.shape
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
