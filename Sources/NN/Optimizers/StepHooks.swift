import OrderedCollections
import Torch

/// Something that runs around each step of an optimiser: `register_step_pre_hook` and `register_step_post_hook`.
public protocol StepHook: AnyObject {
  /// Runs before the step, within `noGrad`.
  func willStep()
  /// Runs after the step, within `noGrad`: to bring pruned entries back to 0, say.
  func didStep()
  /// Runs when ``Optimizer/slice(_:dim:indices:)`` has left a parameter only the entries at `indices` (int64) along `dim`.
  func didSlice(_ parameter: Tensor, dim: Int, indices: Tensor)
}

extension StepHook {
  /// Nothing.
  public func willStep() {}
  /// Nothing.
  public func didStep() {}
  /// Nothing.
  public func didSlice(_ parameter: Tensor, dim: Int, indices: Tensor) {}
}

/// The hooks of an optimiser, in the order in which they were added.
public struct StepHooks {
  /// The hooks by the keys that ``add(_:)`` returned.
  public private(set) var hooks: OrderedDictionary<Int, any StepHook> = [:]
  private var nextKey = 0

  /// No hooks.
  public init() {}

  /// Adds a hook at the end.
  /// - Returns: The key under which ``remove(_:)`` takes it away.
  @discardableResult
  public mutating func add(_ hook: any StepHook) -> Int {
    defer { nextKey += 1 }
    hooks[nextKey] = hook
    return nextKey
  }

  /// Adds closures as a hook.
  /// - Returns: The key under which ``remove(_:)`` takes them away.
  @discardableResult
  public mutating func add(before: @escaping () -> Void = {}, after: @escaping () -> Void = {}) -> Int {
    add(ClosureHook(before, after))
  }

  /// Takes a hook away.
  /// - Returns: Whether there was one under that key.
  @discardableResult
  public mutating func remove(_ key: Int) -> Bool { hooks.removeValue(forKey: key) != nil }

  /// Runs a step between the hooks, without recording gradients.
  func around(_ step: () -> Void) {
    noGrad {
      for hook in hooks.values { hook.willStep() }
      step()
      for hook in hooks.values { hook.didStep() }
    }
  }
}

private final class ClosureHook: StepHook {
  private let before: () -> Void
  private let after: () -> Void
  init(_ before: @escaping () -> Void, _ after: @escaping () -> Void) { (self.before, self.after) = (before, after) }
  func willStep() { before() }
  func didStep() { after() }
}
