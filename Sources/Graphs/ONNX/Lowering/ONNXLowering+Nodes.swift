import Checkpoints
import ONNXFormat
import OrderedCollections

/// Node by node, within other nodes and functions too.
extension ONNXLowering {
  /// The nodes of a graph within a node, in a scope of their own.
  ///
  /// - Returns: its outputs.
  func inline(_ body: ONNXGraphProto, inputs: [ONNXValue] = []) throws -> [ONNXValue] {
    scopes.append([:])
    let outer = position
    defer {
      scopes.removeLast()
      position = outer
    }
    position.isOutermost = false
    try readWeights(body)
    for (input, value) in zip(body.input, inputs) { bind(input.name, value) }
    for node in body.node { try lower(node) }
    return try body.output.map { try value($0.name, for: label) }
  }

  func lower(_ node: ONNXNodeProto) throws {
    nodeCount += 1
    guard nodeCount <= 1_000_000 else {
      throw ONNXGraphError.invalid(node: node.name, problem: "its loops make more than a million steps")
    }
    label = node.name.isEmpty ? node.output.first ?? node.opType : node.name
    if let function = functions["\(node.domain).\(node.opType)"] { return try call(function, node) }
    let step = ONNXStep(node, self)
    let start = graph.nodes.count
    self.start = start
    do {
      guard node.domain.isEmpty || node.domain == "ai.onnx" else {
        throw step.refusal("the operators of \(node.domain) are not followed")
      }
      switch table[node.opType]?.lowering {
      case nil: throw step.refusal("there is no such operator")
      case .refused(let reason)?: throw step.refusal(reason)
      case .lowered(let body)?:
        if try fold(step) { return }
        try body(step)
        try step.checkAttributes()
      }
    } catch let error as ONNXGraphError {
      graph.nodes.removeSubrange(start...)
      for name in graph.values.keys.reversed() {
        // What the step had made so far.
        guard !graph.inputs.contains(where: { $0.name == name }),
          !graph.nodes.contains(where: { $0.outputNames.contains(name) })
        else { break }
        graph.values[name] = nil
      }
      symbolValues = symbolValues.filter { graph.values[$0.value] != nil }
      switch error {
      case .unsupported(let refusal): try keepWhole(step, refusal, error)
      default: throw error
      }
      return
    }
    if position.isOutermost {
      let shaped = node.input.reduce(into: Set<String>()) { $0.formUnion(find($1)?.known?.shaped ?? []) }
      if !shaped.isEmpty { shapedInputs[position.index] = shaped }
    }
    step.finish(since: start)
  }

  /// A node that is not followed becomes a step that nothing can run and that keeps whole what it touches, if the file
  /// says what it gives.
  private func keepWhole(_ step: ONNXStep, _ refusal: ONNXRefusal, _ error: ONNXGraphError) throws {
    guard !keepsNothing else { throw error }
    var results: [(String, StoredType, [SymbolicSize])] = []
    for output in step.node.output where !output.isEmpty {
      guard case .tensorType(let tensor)? = declared[output]?.value, tensor.hasShape,
        let type = StoredType(onnx: Int(tensor.elemType))
      else { throw error }
      results.append((output, type, sizes(of: tensor.shape, at: output)))
    }
    refusals.append(refusal)
    var arguments: [(String, Argument)] = []
    for (index, input) in step.node.input.enumerated() where !input.isEmpty {
      guard let value = find(input), value.members == nil else { throw error }
      arguments.append(("input\(index)", .tensor(try name(of: value, preferring: input))))
    }
    for (name, type, sizes) in results {
      graph.values[name] = Value(.tensor(TensorType(dtype: type, sizes: sizes)))
      bind(name, ONNXValue(name, type, sizes))
    }
    var metadata = metadata
    metadata[Node.onnxReason] = refusal.reason
    graph.nodes.append(
      Node(
        "onnx.\(refusal.operation)", arguments.map { NamedArgument($0.0, $0.1) },
        outputs: results.map { .tensor($0.0) }, metadata: metadata, name: results.first?.0))
  }
  /// A function of the model's own: its nodes in the place of the call.
  private func call(_ function: ONNXFunctionProto, _ node: ONNXNodeProto) throws {
    guard depth < 32 else {
      throw ONNXGraphError.invalid(node: label, problem: "its functions call each other too deep")
    }
    let inputs = try node.input.map { $0.isEmpty ? nil : try value($0, for: label) }
    depth += 1
    scopes.append([:])
    let outer = position
    position.isOutermost = false
    defer {
      depth -= 1
      scopes.removeLast()
      position = outer
    }
    let outerOpset = opset
    opset = Int(function.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version ?? Int64(opset))
    defer { opset = outerOpset }
    for (name, value) in zip(function.input, inputs) { if let value { bind(name, value) } }
    let given = Dictionary(node.attribute.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let standard = Dictionary(function.attributeProto.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for inner in function.node {
      var inner = inner
      inner.attribute = inner.attribute.compactMap { attribute in
        guard attribute.hasRefAttrName else { return attribute }
        guard var value = given[attribute.refAttrName] ?? standard[attribute.refAttrName] else { return nil }
        value.name = attribute.name
        return value
      }
      try lower(inner)
    }
    let results = try function.output.map { try value($0, for: label) }
    for (name, value) in zip(node.output, results) where !name.isEmpty {
      scopes[scopes.count - 2][name] = value
    }
  }
}
