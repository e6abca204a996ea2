import NN
import OrderedCollections
import Torch

/// One run of a module with all that was heard of it.
struct TracedRun {
  /// What was heard. Its tensors are freed.
  let recorder: Recorder
  /// The numbers of parameters and buffers by their paths, those at several places under each.
  let state: OrderedDictionary<String, Int>
  /// The paths of parameters.
  let parameters: Set<String>
  /// The numbers of the caller's inputs.
  let inputs: [Int]
  /// The numbers of the outputs; nil for one that no operator gave.
  let outputs: [Int?]
  /// The paths of parameters and buffers in whose place the module has put others.
  let exchanged: [String]
  /// Whether gradients were recorded around the module.
  let recordsGradients: Bool

  /// Runs a module, and puts back what it changes: buffers, parameters, the default generator.
  ///
  /// - Parameter standIn: what takes the place of the results of an operator that the engine refuses; see
  ///   `Recorder.standIn`.
  init<M: Module>(
    _ module: M, _ inputs: [Tensor], standIn: ((Recorder, TorchError) -> [Tensor]?)? = nil,
    _ call: (M, [Tensor]) throws -> [Tensor]
  ) throws {
    let recorder = Recorder()
    if let standIn { recorder.standIn = { [unowned recorder] in standIn(recorder, $0) } }
    var state: OrderedDictionary<String, Int> = [:]
    var buffers: [(tensor: Tensor, before: Tensor)] = []
    var numbers: [Int] = []
    let slots = module.tracedSlots
    recorder.recording {
      for (path, slot) in slots {
        let tensor = slot.tensor
        state[path] = recorder.introduce(tensor, isKept: slot.parameter != nil)
      }
      numbers = inputs.map { recorder.introduce($0, isInput: true) }
    }
    for case .buffer(let tensor) in slots.values {
      buffers.append((tensor, noGrad { tensor.detach().clone() }))
    }
    defer {
      noGrad {
        // Norms move their statistics without counting it as a change.
        for buffer in buffers
        where buffer.tensor.shape == buffer.before.shape && !buffer.tensor.equal(buffer.before) {
          buffer.tensor.copy(from: buffer.before)
        }
        for parameter in recorder.overwritten { parameter.tensor.copy(from: parameter.before) }
      }
      for (path, slot) in slots { module.restore(slot, at: path) }
      recorder.release()
      recorder.standIn = nil
    }
    let outputs = try Generator.preservingState {
      try recorder.recording { () throws -> [Int?] in try call(module, inputs).map(recorder.id(of:)) }
    }
    exchanged = module.tracedSlots.compactMap { path, slot in
      switch (slot, slots[path]) {
      case (.parameter(let now), .parameter(let before)?), (.buffer(let now), .buffer(let before)?):
        now.isSame(as: before) ? nil : path
      case (.computedBuffer, .computedBuffer?): nil
      default: path
      }
    }
    self.recorder = recorder
    self.state = state
    self.inputs = numbers
    parameters = Set(slots.filter { $0.value.parameter != nil }.keys)
    self.outputs = outputs
    recordsGradients = isGradEnabled
  }
}

extension Module {
  /// Parameters and buffers by their paths in the order of the state dict, a shared one under each of its paths; not what
  /// is computed from them.
  var tracedSlots: OrderedDictionary<String, Slot> {
    var found: OrderedDictionary<String, Slot> = [:]
    for (path, module) in allPaths {
      let prefix = path.isEmpty ? "" : path + "."
      for (name, slot) in module.slots where slot.parameter != nil { found[prefix + name] = slot }
      for (name, slot) in module.slots {
        switch slot {
        case .buffer, .computedBuffer: found[prefix + name] = slot
        case .parameter, .computed: continue
        }
      }
    }
    return found
  }

  /// Puts a slot back where another one has taken its place.
  fileprivate func restore(_ slot: Slot, at path: String) {
    let (parent, name) = path.splitAtLastDot
    guard let module = allPaths[parent] else { return }
    switch (slot, module.slots[name]) {
    case (.parameter(let before), .parameter(let now)?), (.buffer(let before), .buffer(let now)?):
      if !now.isSame(as: before) { module.slots[name] = slot }
    case (.computedBuffer, .computedBuffer?): return
    default: module.slots[name] = slot
    }
  }

  /// The paths of all modules, each module under its first one.
  var tracedPaths: [ObjectIdentifier: String] {
    Dictionary(uniqueKeysWithValues: namedModules.map { (ObjectIdentifier($1), $0) })
  }
}
