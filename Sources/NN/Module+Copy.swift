import OrderedCollections
import Torch

extension Module {
  /// A deep copy: tensors of their own memory, computed tensors, masks, hooks and modes, down to the last child.
  ///
  /// Swift cannot construct a network of unknown type, so the call says how:
  /// ```swift
  /// let twin = try model.copy(into: LeNet())
  /// ```
  /// The random numbers drawn for the new network's initial values do not move the default generator on. Parameters
  /// that are shared within the network are shared within the copy.
  /// - Throws: ``ModuleError/architecture(expected:found:)`` where the new network has other modules.
  public final func copy<M: Module>(into fresh: @autoclosure () throws -> M) throws -> M {
    let twin = try Generator.preservingState(fresh)
    let sources = allPaths
    let targets = twin.allPaths
    func signature(_ modules: OrderedDictionary<String, Module>) -> String {
      modules.map { "\($0.key.isEmpty ? "self" : $0.key): \(type(of: $0.value))" }.joined(separator: ", ")
    }
    guard signature(sources) == signature(targets) else {
      throw ModuleError.architecture(expected: signature(sources), found: signature(targets))
    }
    var copies: [UnsafeRawPointer: Tensor] = [:]
    func copied(_ tensor: Tensor) -> Tensor {
      if let copy = copies[tensor.identity] { return copy }
      let copy = tensor.detach().clone()
      if tensor.requiresGrad { copy.requiresGrad = true }
      copy.grad = tensor.grad?.clone()
      copies[tensor.identity] = copy
      return copy
    }
    // What stands at several places of the network, as tied weights do, is copied once.
    var rebuiltOnce: [ObjectIdentifier: AnyObject] = [:]
    func rebuilt<C: ComputedTensor>(_ computed: C, for target: Module) -> C {
      if let copy = rebuiltOnce[ObjectIdentifier(computed)] as? C { return copy }
      let copy = computed.copy(for: target)
      rebuiltOnce[ObjectIdentifier(computed)] = copy
      return copy
    }
    var done: Set<ObjectIdentifier> = []
    for (path, source) in sources {
      guard let target = targets[path], done.insert(ObjectIdentifier(target)).inserted else { continue }
      noGrad {
        target.slots = source.slots.mapValues { slot in
          switch slot {
          case .parameter(let tensor): .parameter(copied(tensor))
          case .buffer(let tensor): .buffer(copied(tensor))
          case .computed, .computedBuffer: slot  // copied below, when what they are computed from is there
          }
        }
        // Buffers first, wherever they stand: computed tensors are made of them.
        for (name, slot) in source.slots {
          guard case .computedBuffer(let buffer) = slot else { continue }
          target.slots[name] = .computedBuffer(rebuilt(buffer, for: target))
        }
        for (name, slot) in source.slots {
          guard case .computed(let computed) = slot else { continue }
          target.slots[name] = .computed(rebuilt(computed, for: target))
        }
      }
      target.isTraining = source.isTraining
      target.nextHookID = source.nextHookID
      target.forwardPreHooks = [:]
      for (key, hook) in source.forwardPreHooks { target.forwardPreHooks[key] = hook.copy(for: target) }
    }
    return twin
  }
}
