// Containers as the tree of names sees them: dictionaries, lists, modules, dictionaries of a class unknown here.
extension PickleArena {
  /// The name that a key of a dictionary gives: text as it is, a whole number in digits; nil for other keys.
  func name(ofKey id: ID) -> String? {
    switch self[id] {
    case .text(let index): texts[Int(index)]
    case .int(let value): String(value)
    case .bool(let value): value ? "True" : "False"
    default: nil
    }
  }

  /// The members of a dictionary by name, each once, the last value in the place of the first, as in Python. Those whose
  /// keys are no names are not among them.
  func members(_ id: ID) -> [(key: String, value: ID)] {
    switch self[id] {
    case .dict(let index): members(dicts[Int(index)])
    case .object(let index): objects[Int(index)].members.map { members(dicts[Int($0)]) } ?? []
    default: []
    }
  }

  private func members(_ members: Members) -> [(key: String, value: ID)] {
    var result: [(key: String, value: ID)] = []
    result.reserveCapacity(members.pairs.count)
    var places: [ExactName: Int] = [:]
    places.reserveCapacity(members.pairs.count)
    for pair in members.pairs {
      guard let key = name(ofKey: pair.key) else { continue }
      if let place = places.updateValue(result.count, forKey: ExactName(key)) {
        places[ExactName(key)] = place
        result[place].value = pair.value
      } else {
        result.append((key, pair.value))
      }
    }
    return result
  }

  /// The value of one member.
  func member(_ key: String, of id: ID) -> ID? { members(id).first { $0.key == key }?.value }

  /// The parts of a module's state where an object has it: `_parameters`, `_buffers` and `_modules` in its attributes.
  func module(_ id: ID) -> (parameters: ID, buffers: ID, modules: ID, transient: Set<String>)? {
    guard case .object(let index) = self[id], var state = objects[Int(index)].state else { return nil }
    // With slots the state is a pair, of which the first is the dictionary.
    if case .tuple(let range) = self[state], range.count == 2 { state = children[Int(range.lowerBound)] }
    let parts = members(state)
    func part(_ key: String) -> ID? { parts.first { $0.key == key }?.value }
    guard let parameters = part("_parameters"), let buffers = part("_buffers"), let modules = part("_modules") else {
      return nil
    }
    let names = part("_non_persistent_buffers_set").flatMap { items($0, limit: 1 << 16) } ?? []
    return (parameters, buffers, modules, Set(names.compactMap { text($0) }))
  }

  /// Whether an object is a module, pickled whole or of TorchScript.
  func isModule(_ id: ID) -> Bool { module(id) != nil || scriptedState(id) != nil }

  /// The attributes of a module of TorchScript, its tensors and modules among them.
  private func scriptedState(_ id: ID) -> ID? {
    guard case .object(let index) = self[id], objects[Int(index)].className.hasPrefix("__torch__.") else { return nil }
    return objects[Int(index)].state
  }

  /// What a container holds, by name, as the tree of names sees it: of a module what `state_dict()` has; of a list only
  /// what may hold tensors, by number.
  func branches(_ id: ID) -> [(key: String, value: ID)] {
    switch self[id] {
    case .dict: return members(id)
    case .list, .tuple:
      let values = items(id, limit: nodes.count) ?? []
      return zip(values, 0...).filter { mayHoldTensors($0.0) }.map { (String($0.1), $0.0) }
    case .object(let index):
      if let module = module(id) {
        let own = members(module.parameters) + members(module.buffers).filter { !module.transient.contains($0.key) }
        return (own + members(module.modules)).filter { mayHoldTensors($0.value) }
      }
      if let state = scriptedState(id) {
        let names = scripted[objects[Int(index)].className]
        return members(state).filter {
          mayHoldTensors($0.value) && (!isTensor($0.value) || names?.contains($0.key) ?? true)
        }
      }
      guard let list = objects[Int(index)].items, objects[Int(index)].members == nil else { return members(id) }
      return zip(lists[Int(list)], 0...).filter { mayHoldTensors($0.0) }.map { (String($0.1), $0.0) }
    default: return []
    }
  }

  func isContainer(_ id: ID) -> Bool {
    switch self[id] {
    case .dict, .list, .tuple, .object: true
    default: false
    }
  }

  func isTensor(_ id: ID) -> Bool {
    switch self[id] {
    case .tensor, .unsupported: true
    default: false
    }
  }

  private func mayHoldTensors(_ id: ID) -> Bool { isTensor(id) || isContainer(id) }

  /// What a value is, in words.
  func describe(_ id: ID) -> String {
    func count(_ number: Int, _ what: String) -> String { "\(what) of \(number)" }
    switch self[id] {
    case .none: return "None"
    case .bool, .int, .float: return "a number"
    case .text: return "text"
    case .tuple(let range): return count(range.count, "a tuple")
    case .list(let index): return count(lists[Int(index)].count, "a list")
    case .dict(let index): return count(dicts[Int(index)].pairs.count, "a dictionary")
    case .global(let index):
      if case .unknown(let name) = globals[Int(index)] { return "the name \(CheckpointError.quote(name))" }
      return "a name of torch"
    case .storage: return "a storage without a shape"
    case .tensor: return "a tensor"
    case .unsupported(let index): return texts[Int(index)]
    case .object(let index): return "an object of \(CheckpointError.quote(objects[Int(index)].className)), not made"
    case .opaque: return "plain data"
    }
  }
}

/// A name compared by its bytes, as Python compares; Swift's equality also holds between composed and decomposed letters.
private struct ExactName: Hashable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (left: ExactName, right: ExactName) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
