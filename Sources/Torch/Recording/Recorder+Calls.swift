import CTorch

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
      // What a module keeps and moves on, as a count of batches, is another one in the next run.
      if introduced.contains(storage) { dependent.insert(storage) }
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
    if schema.hasDynamicShape, call.dependsOnInput, picksByEntries(call) {
      note(.dynamicShape, schema.name, call.given.first)
    }
    record(schema, call.arguments, results: ids)
  }

  /// Whether entries say how long the result is: of `index` those of masks alone.
  private func picksByEntries(_ call: Pending) -> Bool {
    guard call.schema.name.hasPrefix("aten::index") else { return true }
    return call.given.dropFirst().contains { $0.dtype == .bool || $0.dtype == .uint8 }
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
