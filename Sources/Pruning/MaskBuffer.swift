import Foundation
import NN
import Torch

/// The mask of a pruned tensor as a buffer of its module. It reads as a new tensor each time: writing to that tensor
/// does not change the mask; loading a state dict or ``Prune/customFromMask(_:name:mask:)`` does.
final class MaskBuffer: ComputedBuffer {
  /// The mask and its history with those before; they move and convert with the module.
  private var states: PruningStates
  /// Counts the changes, so that the product knows whether it is still true.
  private(set) var version = 0

  private let lock = NSLock()
  private var kept: (factor: Tensor, version: Int)?

  init(_ states: PruningStates) { self.states = states }

  var mask: PruningMask { states.current.mask }
  /// The methods that made the mask, in order.
  var history: PruningContainer { states.current.history }
  var value: Tensor { Recorder.current?.standIn(for: self) { mask.tensor } ?? mask.tensor }
  var shape: [Int] { mask.shape }

  /// Takes over the mask of a further call.
  func push(_ state: PruningState) {
    states.push(state, limit: Prune.undoLimit)
    version += 1
  }

  /// Goes back to the mask before the last call.
  func pop() -> PruningStates.Before {
    defer { version += 1 }
    return states.pop()
  }

  /// The mask as a tensor to multiply with, which is made once and must not be written to. For masks that are not packed
  /// and for originals that lie elsewhere than in main memory, or there with gaps.
  func factor(dtype: DType) -> Tensor {
    let kept = lock.withLock { self.kept }
    if let kept, kept.version == version, kept.factor.dtype == dtype { return kept.factor }
    let fresh = noGrad { mask.borrowedTensor.to(dtype) }
    lock.withLock { self.kept = (fresh, version) }
    return fresh
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
    states.setMask(loaded)
    version += 1
  }

  func convert(dtype: DType?, device: Device?) {
    states.convertMasks { $0.converted(dtype: dtype, device: device) }
    version += 1
  }

  func copy(for twin: Module) -> MaskBuffer { MaskBuffer(states) }
}
