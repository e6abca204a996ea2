import CTorch

/// Hears every operator that its thread calls, with all arguments and results.
///
/// What it cannot hear is a ``RecorderFinding``, as far as it is told: entries read or memory written by Swift, operations
/// that are no operators. It hears nothing of other threads, nor of shapes read as numbers.
package final class Recorder {
  /// The calls, in order.
  package private(set) var calls: [RecordedCall] = []
  /// All tensors by their numbers.
  package private(set) var tensors: [RecordedTensor] = []
  /// Tensors that came from nowhere.
  package private(set) var captured: [CapturedTensor] = []
  /// What could not be heard.
  package private(set) var findings: [RecorderFinding] = []
  /// For captured tensors that Swift made while this recorded, their copies that operators take.
  package private(set) var protections: [Int: Int] = [:]
  /// Numbers of captured tensors whose memory was written to.
  package private(set) var writtenCaptures: Set<Int> = []
  /// Parameters that were written to, with their entries before.
  package private(set) var overwritten: [(tensor: Tensor, before: Tensor)] = []

  /// The number of each tensor by its identity. All are kept alive, so that an identity stands for one tensor.
  private var ids: [UnsafeRawPointer: Int] = [:]
  private var kept: [Tensor] = []
  /// Storages whose entries depend on the inputs.
  private var dependent: Set<UnsafeRawPointer> = []
  private var protected: [UnsafeRawPointer: Tensor] = [:]
  private var captures: [UnsafeRawPointer: Int] = [:]
  /// Tensors that `empty` gave and Swift has filled since.
  private var filled: Set<UnsafeRawPointer> = []
  private var standIns: [ObjectIdentifier: (object: AnyObject, tensor: Tensor)] = [:]
  private var schemas: [String: OperatorSchema] = [:]
  private var scope: [ObjectIdentifier] = []

  /// A recorder that has heard nothing.
  package init() {}

  /// The recorder of this thread.
  package static var current: Recorder? {
    guard ct_is_recording(), let address = ct_recorder() else { return nil }
    return Unmanaged<Recorder>.fromOpaque(address).takeUnretainedValue()
  }

  /// Hears what `body` calls on this thread. One inside another hears in its stead.
  package func recording<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let before = ct_recorder()
    ct_set_recorder(Unmanaged.passUnretained(self).toOpaque())
    defer {
      ct_set_recorder(before)
      withExtendedLifetime(self) {}
    }
    return try body()
  }

  /// Does something unheard.
  private func pausing<R>(_ body: () -> R) -> R {
    let before = ct_recorder()
    ct_set_recorder(nil)
    defer { ct_set_recorder(before) }
    return body()
  }

  /// Forgets all tensors, which are then freed.
  package func release() {
    kept = []
    ids = [:]
    standIns = [:]
    protected = [:]
  }
}

extension Recorder {
  /// Introduces a tensor before anything is recorded.
  ///
  /// - Parameters:
  ///   - tensor: the tensor.
  ///   - isInput: whether its entries differ from call to call.
  ///   - isKept: whether its entries are copied before an operator writes to them.
  /// - Returns: its number; the former one where it is known already.
  package func introduce(_ tensor: Tensor, isInput: Bool = false, isKept: Bool = false) -> Int {
    if let id = ids[tensor.identity] { return id }
    let id = add(tensor)
    if let storage = tensor.storageIdentity {
      if isInput { dependent.insert(storage) }
      if isKept { protected[storage] = tensor }
    }
    return id
  }

  /// The number of a tensor that has one.
  package func id(of tensor: Tensor) -> Int? { ids[tensor.identity] }

  /// A tensor that stands for an object, the same as long as this records.
  package func standIn(for object: AnyObject, _ make: () -> Tensor) -> Tensor {
    if let known = standIns[ObjectIdentifier(object)] { return known.tensor }
    let tensor = pausing(make)
    standIns[ObjectIdentifier(object)] = (object, tensor)
    return tensor
  }

  /// What is called from here on is part of a module, until ``leave()``.
  package func enter(_ module: AnyObject) { scope.append(ObjectIdentifier(module)) }

  /// The module entered last is done.
  package func leave() { scope.removeLast() }

  /// Notes something that is no operator.
  package func note(_ kind: RecorderFinding.Kind, _ operation: String, _ tensor: Tensor? = nil) {
    findings.append(
      RecorderFinding(
        kind: kind, operation: operation, tensor: tensor.flatMap { ids[$0.identity] }, scope: scope))
  }

  /// Swift is about to read a tensor's memory, or to write to it.
  func exposes(_ tensor: Tensor, writing: Bool, _ operation: String) {
    let id = ids[tensor.identity]
    if writing {
      if let id, !isFresh(id) { return note(.written, operation, tensor) }
      // It becomes a constant with the entries that it has when it is used.
      ids[tensor.identity] = nil
      if filled.insert(tensor.identity).inserted { kept.append(tensor) }
    } else if id == nil {
      return
    } else if captures[tensor.identity] == nil {
      note(.read(dependsOnInput: depends(tensor)), operation, tensor)
    }
  }

  /// Whether a tensor was given by `empty` and taken by nothing yet.
  private func isFresh(_ id: Int) -> Bool {
    guard let giver = calls.lastIndex(where: { $0.results.contains(id) }),
      calls[giver].schema.name.hasPrefix("aten::empty")
    else { return false }
    return !calls[(giver + 1)...].contains { call in
      call.arguments.contains { argument in
        switch argument {
        case .tensor(id)?: true
        case .tensors(let list)?: list.contains(id)
        default: false
        }
      }
    }
  }

  private func depends(_ tensor: Tensor) -> Bool { tensor.storageIdentity.map(dependent.contains) ?? false }

  private func add(_ tensor: Tensor) -> Int {
    kept.append(tensor)
    tensors.append(
      tensor.info { info in
        let rank = Int(info.rank)
        return RecordedTensor(
          dtype: Int(info.dtype), shape: (0..<rank).map { Int(info.sizes[$0]) },
          strides: info.strides.map { strides in (0..<rank).map { Int(strides[$0]) } } ?? [],
          device: Device.Kind(engineType: info.device_type).map { Device($0, index: Int(info.device_index)) } ?? .cpu,
          requiresGrad: info.requires_grad)
      })
    ids[tensor.identity] = tensors.count - 1
    return tensors.count - 1
  }
}

extension Recorder {
  /// A call that has begun.
  struct Pending {
    fileprivate let schema: OperatorSchema
    fileprivate let arguments: [RecordedArgument?]
    fileprivate let given: [Tensor]
    fileprivate let written: [Tensor]
    fileprivate let dependsOnInput: Bool
  }

  /// Hears of a call before it is made.
  ///
  /// - Parameters:
  ///   - name: the operator.
  ///   - values: what it is given, by position, then by name; nil for what is left to its default.
  ///   - keywords: the names of the last ones.
  /// - Returns: nil where there is no such operator, which LibTorch is about to say.
  func begin(_ name: String, _ values: some Sequence<OperatorValue?>, keywords: [String]) -> Pending? {
    guard let schema = schema(name) else { return nil }
    var arguments = [RecordedArgument?](repeating: nil, count: schema.arguments.count)
    var given: [Tensor] = []
    var written: [Tensor] = []
    let values = Array(values)
    let positional = values.count - keywords.count
    for (index, value) in values.enumerated() {
      let place = index < positional ? index : schema.arguments.firstIndex { $0.name == keywords[index - positional] }
      guard let place, place < arguments.count else { return nil }
      guard let value else { continue }
      switch value {
      case .none: if schema.arguments[place].isOptional { arguments[place] = RecordedArgument.none }
      case .tensor(let tensor):
        arguments[place] = .tensor(resolve(tensor, schema))
        given.append(tensor)
        if schema.arguments[place].isWritten { written.append(tensor) }
      case .tensors(let list):
        arguments[place] = .tensors(list.map { $0.map { resolve($0, schema) } })
        given += list.compactMap { $0 }
        if schema.arguments[place].isWritten { written += list.compactMap { $0 } }
      default: arguments[place] = .plain(value)
      }
    }
    for tensor in written {
      guard let storage = tensor.storageIdentity else { continue }
      if let capture = captures[storage] { writtenCaptures.insert(capture) }
      if let whole = protected.removeValue(forKey: storage) {
        overwritten.append((whole, pausing { noGrad { whole.detach().clone() } }))
      }
    }
    return Pending(
      schema: schema, arguments: arguments, given: given, written: written,
      dependsOnInput: given.contains(where: depends))
  }

  /// Hears of the results of a call. One that is an argument, though nothing was written to it, becomes a tensor of its
  /// own, so that the two can be told apart where they differ, as in training.
  func end(_ call: Pending, _ results: UnsafeMutableBufferPointer<ct_value>) {
    let schema = call.schema
    let tensorTag = Int32(CT_TENSOR.rawValue)
    guard schema.results.allSatisfy({ $0.type == "Tensor" }) else {
      for tensor in call.given where captures[tensor.identity] == nil {
        note(.read(dependsOnInput: depends(tensor)), schema.name, tensor)
      }
      return
    }
    guard results.allSatisfy({ $0.tag == tensorTag }) else { return note(.unheard, schema.name) }
    var ids: [Int] = []
    for index in results.indices {
      guard let handle = results[index].u.t else { continue }
      let isWritten = call.written.contains { $0.handle == handle }
      if !isWritten, call.given.contains(where: { $0.handle == handle }) {
        var alias: ct_tensor?
        require(ct_tensor_alias(handle, &alias), schema.name)
        ct_tensor_release(handle)
        results[index].u.t = alias
      }
      guard let own = results[index].u.t else { continue }
      let tensor = Tensor(owning: ct_tensor_retain(own))
      ids.append(add(tensor))
      if call.dependsOnInput, let storage = tensor.storageIdentity { dependent.insert(storage) }
    }
    if call.dependsOnInput { dependent.formUnion(call.written.compactMap(\.storageIdentity)) }
    if schema.isRandom, isDrawing(call) {
      let generator = schema.arguments.firstIndex { $0.type == "Generator" }.flatMap { call.arguments[$0] }
      if case .plain? = generator { note(.random(ownGenerator: true), schema.name) }
      note(.random(ownGenerator: false), schema.name)
    }
    record(schema, call.arguments, results: ids)
  }

  /// Whether a call draws: not dropout outside of training.
  private func isDrawing(_ call: Pending) -> Bool {
    for (argument, value) in zip(call.schema.arguments, call.arguments)
    where ["train", "training"].contains(argument.name) {
      if case .plain(.bool(false))? = value { return false }
    }
    for (argument, value) in zip(call.schema.arguments, call.arguments)
    where ["p", "dropout", "dropout_p"].contains(argument.name) {
      switch value {
      case .plain(.double(0))?, .plain(.int(0))?: return false
      case nil where argument.name == "dropout_p": return false
      default: continue
      }
    }
    return true
  }

  private func record(
    _ schema: OperatorSchema, _ arguments: [RecordedArgument?], results: [Int], isProtection: Bool = false
  ) {
    calls.append(
      RecordedCall(
        schema: schema, arguments: arguments, results: results, scope: scope, recordsGradients: isGradEnabled,
        isProtection: isProtection))
  }

  private func schema(_ name: String) -> OperatorSchema? {
    if let known = schemas[name] { return known }
    let found = try? OperatorSchema(name)
    schemas[name] = found
    return found
  }

  /// The number of a tensor that an operator takes; one that came from nowhere is captured with its entries.
  private func resolve(_ tensor: Tensor, _ schema: OperatorSchema) -> Int {
    if let id = ids[tensor.identity] { return id }
    let id = add(tensor)
    let isMadeHere = filled.contains(tensor.identity)
    let content = pausing { noGrad { tensor.detach().clone() } }
    captured.append(
      CapturedTensor(id: id, content: content, origin: tensor, operation: schema.name, scope: scope))
    captures[tensor.identity] = id
    if let storage = tensor.storageIdentity { captures[storage] = id }
    // What is made anew at each call may be written to; its constant may not.
    guard isMadeHere, let clone = self.schema("aten::clone") else { return id }
    let copy = add(tensor)
    let arguments = [.tensor(id)] + [RecordedArgument?](repeating: nil, count: clone.arguments.count - 1)
    record(clone, arguments, results: [copy], isProtection: true)
    protections[id] = copy
    return copy
  }
}

extension Tensor {
  /// What identifies the tensor's storage while it lives; nil for a layout without one.
  var storageIdentity: UnsafeRawPointer? {
    var out: UnsafeRawPointer?
    guard message(of: ct_tensor_storage(handle, &out)) == nil else { return nil }
    return out
  }
}
