import OrderedCollections
import Torch

/// Something that runs before (and, if it likes, after) each forward pass of a module: a `forward_pre_hook`.
public protocol ForwardPreHook: AnyObject {
  /// Runs before the forward pass. Returns inputs to use instead, or nil to leave them.
  func willForward(_ module: Module, _ inputs: [Tensor]) -> [Tensor]?
  /// Runs when the forward pass is over.
  func didForward(_ module: Module)
  /// The hook for a copy of the module it belongs to, whose slots are all in place; nil to leave it out.
  func copy(for module: Module) -> (any ForwardPreHook)?
}

extension ForwardPreHook {
  /// Nothing.
  public func didForward(_ module: Module) {}
  /// The same hook.
  public func copy(for module: Module) -> (any ForwardPreHook)? { self }
}

/// A hook that is a closure.
private final class ClosureHook: ForwardPreHook {
  let body: (Module, [Tensor]) -> [Tensor]?
  init(_ body: @escaping (Module, [Tensor]) -> [Tensor]?) { self.body = body }
  func willForward(_ module: Module, _ inputs: [Tensor]) -> [Tensor]? { body(module, inputs) }
}

extension Module {
  /// Adds a hook at the end.
  /// - Returns: The key under which ``forwardPreHooks`` lists it and ``removeForwardPreHook(_:)`` takes it away.
  @discardableResult
  public final func addForwardPreHook(_ hook: any ForwardPreHook) -> Int {
    defer { nextHookID += 1 }
    forwardPreHooks[nextHookID] = hook
    return nextHookID
  }

  /// Adds a closure as a hook. It sees the module and its inputs and may return others, or nil.
  @discardableResult
  public final func addForwardPreHook(_ body: @escaping (Module, [Tensor]) -> [Tensor]?) -> Int {
    addForwardPreHook(ClosureHook(body))
  }

  /// Puts another hook in the place of one there is; its position stays.
  public final func replaceForwardPreHook(_ key: Int, by hook: any ForwardPreHook) {
    precondition(forwardPreHooks[key] != nil, "\(Self.self) has no forward pre-hook \(key)")
    forwardPreHooks[key] = hook
  }

  /// Takes a hook away.
  /// - Returns: Whether there was one under that key.
  @discardableResult
  public final func removeForwardPreHook(_ key: Int) -> Bool { forwardPreHooks.removeValue(forKey: key) != nil }

  /// Runs the hooks, then `body` with the inputs they leave. For modules whose call takes something else than one
  /// tensor; ``callAsFunction(_:)`` does it for the others.
  public final func withForwardPreHooks<R>(_ inputs: [Tensor], _ body: ([Tensor]) throws -> R) rethrows -> R {
    let recorder = Recorder.current
    recorder?.enter(self)
    defer { recorder?.leave() }
    let hooks = forwardPreHooks.values
    var inputs = inputs
    for hook in hooks { inputs = hook.willForward(self, inputs) ?? inputs }
    defer { for hook in hooks { hook.didForward(self) } }
    return try body(inputs)
  }
}
