import NN
import Sparsity
import Torch

/// The mask of a pruned tensor as a buffer of its module. It reads as a new tensor each time: writing to that tensor
/// does not change the mask; loading a state dict or ``Prune/customFromMask(_:name:mask:)`` does.
final class MaskBuffer: ComputedBuffer {
  private(set) var mask: PruningMask
  /// Counts the changes, so that the product knows whether it is still true.
  private(set) var version = 0

  init(_ mask: PruningMask) { self.mask = mask }

  var value: Tensor { mask.tensor }
  var shape: [Int] { mask.shape }

  func replace(by mask: PruningMask) {
    self.mask = mask
    version += 1
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

  func convert(dtype: DType?, device: Device?) { replace(by: mask.converted(dtype: dtype, device: device)) }

  func copy(for twin: Module) -> MaskBuffer { MaskBuffer(mask) }
}

/// A pruned tensor: mask times original, computed when it is read and kept as long as both stay what they were.
///
/// With gradients recorded, each read outside a forward pass gives a new product with its own history; within the
/// forward pass of its module all reads share one. So nothing is ever stale, and no history is used twice.
final class PrunedTensor: ComputedTensor {
  let name: String
  let original: Tensor
  let buffer: MaskBuffer
  /// The methods applied, in order.
  private(set) var history: PruningContainer
  /// States to go back to, the last one on top.
  private(set) var past: [(mask: PruningMask, history: PruningContainer)] = []

  private var kept: (product: Tensor, original: Tensor, version: Int, maskVersion: Int)?
  private var shared: Tensor?
  private var forwardDepth = 0

  init(name: String, original: Tensor, mask: MaskBuffer, history: PruningContainer) {
    self.name = name
    self.original = original
    buffer = mask
    self.history = history
  }

  var value: Tensor {
    guard isGradEnabled && original.requiresGrad else { return untracked }
    if forwardDepth > 0 {
      let product = shared ?? tracked
      shared = product
      return product
    }
    return tracked
  }

  /// The product with gradients flowing to the original.
  private var tracked: Tensor {
    kept = nil  // an optimiser is about to make it untrue
    return buffer.value.to(original.dtype) * original
  }

  /// The product without gradients, reused while neither factor has changed.
  private var untracked: Tensor {
    let version = original.version
    if let kept, kept.version == version, kept.maskVersion == buffer.version,
      kept.original.sharesStorage(with: original), kept.product.dtype == original.dtype
    {
      return kept.product
    }
    let product = buffer.mask.product(with: original)
    // The detached alias keeps the storage alive, so that its address cannot come to stand for another one's.
    kept = (product, original.detach(), version, buffer.version)
    return product
  }

  func beginForward() { forwardDepth += 1 }
  func endForward() {
    forwardDepth -= 1
    if forwardDepth == 0 { shared = nil }
  }

  /// Takes over a further method's mask.
  func prune(_ mask: PruningMask, by method: any PruningMethod) {
    past.append((buffer.mask, history))
    buffer.replace(by: mask)
    history.add(method)
  }

  /// Goes back by one method.
  /// - Returns: Whether there was an earlier state.
  func stepBack() -> Bool {
    guard let last = past.popLast() else { return false }
    buffer.replace(by: last.mask)
    history = last.history
    return true
  }

  func copy(for twin: Module) -> PrunedTensor {
    guard let original = twin.slots[name + "_orig"]?.parameter,
      case .computedBuffer(let mask as MaskBuffer)? = twin.slots[name + "_mask"]
    else { fatalError("the copy of a module pruned in '\(name)' lacks its parts") }
    let copy = PrunedTensor(name: name, original: original, mask: mask, history: history)
    copy.past = past
    return copy
  }
}

extension Module {
  /// The pruned tensor of that name in this module itself.
  func pruned(_ name: String) -> PrunedTensor? {
    if case .computed(let computed as PrunedTensor)? = slots[name] { computed } else { nil }
  }

  /// The names of the pruned tensors of this module itself.
  var prunedNames: [String] { slots.keys.filter { pruned($0) != nil } }
}
