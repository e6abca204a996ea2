import NN
import Torch

/// The forward pre-hook of a pruned tensor, as `Module.forwardPreHooks` lists it: it has the product of mask and
/// original computed once for each forward pass, and knows the history.
///
/// ```swift
/// for case let hook as PruningHook in conv1.forwardPreHooks.values where hook.tensorName == "weight" {
///   print(hook.history)  // [RandomUnstructured, LnStructured]
/// }
/// ```
public final class PruningHook: ForwardPreHook {
  let state: PrunedTensor

  /// The name of the pruned tensor: `weight`.
  public let tensorName: String

  init(_ state: PrunedTensor, _ tensorName: String) {
    self.state = state
    self.tensorName = tensorName
  }

  /// The methods applied to the tensor, in order.
  public var history: PruningContainer { state.history }

  /// The tensor computed anew from mask and original: `apply_mask`. Gradients flow to the original.
  public func applyMask() -> Tensor { state.value }

  /// Starts a forward pass, in which all reads of the tensor share one product.
  public func willForward(_ module: Module, _ inputs: [Tensor]) -> [Tensor]? {
    state.beginForward()
    return nil
  }

  /// Ends the forward pass.
  public func didForward(_ module: Module) { state.endForward() }

  /// The hook of the same tensor in a copy of the module.
  public func copy(for module: Module) -> (any ForwardPreHook)? {
    guard let twin = module.pruned(tensorName) else { return nil }
    let order = state.places.first { $0.name == tensorName }?.order ?? []
    twin.adopt(module, tensorName, order: order)
    return PruningHook(twin, tensorName)
  }
}

extension PruningHook: CustomStringConvertible {
  /// The method's name, or `PruningContainer` where several were applied, as PyTorch names the hook.
  public var description: String { history.count == 1 ? "\(history[0])" : "PruningContainer" }
}
