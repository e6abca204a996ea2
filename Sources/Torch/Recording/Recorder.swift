import CTorch

/// Hears every operator that its thread calls, with all arguments and results.
///
/// What it cannot hear is a ``RecorderFinding``, as far as it is told: entries read or memory written by Swift, operations
/// that are no operators. It hears nothing of other threads, nor of shapes read as numbers.
package final class Recorder {
  /// The calls, in order.
  package internal(set) var calls: [RecordedCall] = []
  /// All tensors by their numbers.
  package internal(set) var tensors: [RecordedTensor] = []
  /// Tensors that came from nowhere.
  package internal(set) var captured: [CapturedTensor] = []
  /// What could not be heard.
  package internal(set) var findings: [RecorderFinding] = []
  /// For captured tensors that Swift made while this recorded, their copies that operators take.
  package internal(set) var protections: [Int: Int] = [:]
  /// Numbers of captured tensors whose memory was written to.
  package internal(set) var writtenCaptures: Set<Int> = []
  /// Parameters that were written to, with their entries before.
  package internal(set) var overwritten: [(tensor: Tensor, before: Tensor)] = []

  /// What takes the place of the results of an operator that the engine refuses, so that a module can be tried out whose
  /// shapes may not fit: after the first refusal what follows means nothing. Without it, or where it gives nil, the
  /// refusal takes its usual way.
  package var standIn: ((TorchError) -> [Tensor]?)?

  /// The number of each tensor by its identity. All are kept alive, so that an identity stands for one tensor.
  var ids: [UnsafeRawPointer: Int] = [:]
  private var kept: [Tensor] = []
  /// Storages of the tensors that were introduced.
  var introduced: Set<UnsafeRawPointer> = []
  /// Storages whose entries depend on the inputs, or change from run to run.
  var dependent: Set<UnsafeRawPointer> = []
  var protected: [UnsafeRawPointer: Tensor] = [:]
  var captures: [UnsafeRawPointer: Int] = [:]
  /// Tensors that `empty` gave and Swift has filled since.
  var filled: Set<UnsafeRawPointer> = []
  private var standIns: [ObjectIdentifier: (object: AnyObject, tensor: Tensor)] = [:]
  var schemas: [String: OperatorSchema] = [:]
  /// The modules around what is called now, outermost first.
  package internal(set) var scope: [ObjectIdentifier] = []

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
  func pausing<R>(_ body: () -> R) -> R {
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
      introduced.insert(storage)
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

  func depends(_ tensor: Tensor) -> Bool { tensor.storageIdentity.map(dependent.contains) ?? false }

  func add(_ tensor: Tensor) -> Int {
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

extension Tensor {
  /// What identifies the tensor's storage while it lives; nil for a layout without one.
  var storageIdentity: UnsafeRawPointer? {
    var out: UnsafeRawPointer?
    guard message(of: ct_tensor_storage(handle, &out)) == nil else { return nil }
    return out
  }
}
