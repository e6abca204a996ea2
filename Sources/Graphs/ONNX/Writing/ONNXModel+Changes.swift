import Checkpoints
import ONNXFormat
import OrderedCollections

extension ONNXModel {
  /// The messages of the file after a change of the graph: what has not changed stays as it was, and so do names, order
  /// and whatever is not understood.
  ///
  /// A node whose steps are the same stays; of a convolution or a norm of groups the number of groups changes; other steps
  /// that are new or have changed are said as ONNX's operators again, in the place of their node. What the file computes
  /// out of a shape that has changed becomes a constant.
  ///
  /// - Parameters:
  ///   - changed: the graph, which came from this one.
  ///   - tensors: the tensors that it takes; those of the file that have not changed may be left out.
  /// - Returns: the messages, and the entries of their tensors, which are read when they are written.
  /// - Throws: ``ONNXGraphError`` for a change that cannot be said in ONNX; whatever a source throws.
  func messages(
    of changed: Graph, tensors sources: [TensorSource]
  ) throws -> (messages: ONNXModelProto, payloads: ONNXPayloads) {
    var model = file.model
    let opset = Int(model.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version ?? 1)
    var taken = Set(model.graph.input.map(\.name) + model.graph.initializer.map(\.name))
    for node in model.graph.node { taken.formUnion(node.output + [node.name]) }
    let inFile = taken
    var made: [String: KnownTensor] = [:]
    for (name, origin) in tensors where !inFile.contains(name) {
      if case .made(let known) = origin { made[name] = known }
    }
    var emitter = ONNXEmitter(changed, opset: opset, taken: taken.union(changed.values.keys), made: made)
    let (before, after) = (Self.byPosition(original), Self.byPosition(changed))

    // Tensors with new entries: weights in their places, others under names of their own.
    var weights: [String: TensorSource] = [:]
    var fresh: [String: String] = [:]
    let names = Dictionary(
      changed.inputs.compactMap { input in input.role.path.map { ($0, input.name) } },
      uniquingKeysWith: { first, _ in first })
    for source in sources {
      let name = source.spec.name
      if case .file? = tensors[name], source.spec.type.isFloat {
        weights[name] = source
      } else {
        var bytes: [UInt8] = []
        try source.produce { bytes.append(contentsOf: $0) }
        if case .made(let known)? = tensors[name], known.bytes == bytes, known.shape == source.spec.shape,
          inFile.contains(name)
        {
          continue
        }
        guard let known = KnownTensor(source.spec.type, source.spec.shape, bytes: bytes) else { continue }
        if case .file? = tensors[name], case let old = original.values[name]?.tensor, old?.shape == source.spec.shape,
          try file.bytes(of: tensorMessage(name)) == bytes
        {
          continue
        }
        fresh[names[name] ?? name] = emitter.constant(known, inFile.contains(name) ? "\(name)_kept" : name)
      }
    }
    for (name, other) in fresh { emitter.renamed[name] = other }
    let resized = Set(
      original.values.keys.filter { name in
        guard let old = original.values[name]?.tensor, let new = changed.values[name]?.tensor else { return false }
        return old.sizes != new.sizes
      })

    var nodes: [ONNXNodeProto] = []
    for (index, node) in model.graph.node.enumerated() {
      let (old, new) = (before[index] ?? [], after[index] ?? [])
      if !old.isEmpty, new.isEmpty { continue }
      let isShaped = !(shapedInputs[index] ?? []).isDisjoint(with: resized)
      let takesFresh = new.flatMap(\.inputNames).contains { fresh[$0] != nil }
      if old == new, !isShaped, !takesFresh {
        nodes.append(node)
        continue
      }
      if let kept = try adjusted(node, old, new, isShaped: isShaped, fresh, inFile, &emitter) {
        nodes += kept
        continue
      }
      for step in new { try emitter.emit(step) }
      nodes += emitter.takeNodes()
    }
    model.graph.node = nodes
    var payloads = ONNXPayloads(of: file)
    try replaceWeights(weights, in: &model.graph, &payloads)
    model.graph.initializer += emitter.constants
    describe(changed, in: &model.graph)
    return (model, payloads)
  }

  private static func byPosition(_ graph: Graph) -> [Int: [Node]] {
    graph.nodes.reduce(into: [:]) { found, node in
      if let index = node.metadata[Node.onnxPosition].flatMap({ Int($0) }) { found[index, default: []].append(node) }
    }
  }

  private func tensorMessage(_ name: String) -> ONNXTensorProto {
    if case .file(let tensor)? = tensors[name] { tensor } else { ONNXTensorProto() }
  }

  /// The node with what has changed of it, where its steps are the same but for that; nil where they must be said anew.
  private func adjusted(
    _ node: ONNXNodeProto, _ old: [Node], _ new: [Node], isShaped: Bool, _ fresh: [String: String],
    _ inFile: Set<String>, _ emitter: inout ONNXEmitter
  ) throws -> [ONNXNodeProto]? {
    guard !isShaped else { return nil }
    var result = node
    // The steps of the node among those that stand there now; the others stand before and after them.
    guard let first = new.firstIndex(where: { $0.target == old.first?.target }), first + old.count <= new.count else {
      return nil
    }
    var inputs: [String: String] = [:]
    var outputs: [String: String] = [:]
    for (was, step) in zip(old, new[first...]) {
      guard was.target == step.target, was.inputs.count <= step.inputs.count,
        was.outputNames.count == step.outputNames.count
      else { return nil }
      for (a, b) in zip(was.outputNames, step.outputNames) where a != b { outputs[a] = b }
      for input in step.inputs {
        guard let before = was[input.name] else { return nil }
        if before == input.argument { continue }
        switch (input.name, before, input.argument) {
        case ("groups", .int, .int(let groups)) where ["Conv", "ConvTranspose"].contains(node.opType):
          result.set(.int("group", groups))
        case ("num_groups", .int, .int(let groups)) where node.opType == "GroupNormalization":
          result.set(.int("num_groups", groups))
        case ("bias", .none, .tensor(let bias)) where node.opType == "Conv":
          while result.input.count < 3 { result.input.append("") }
          result.input[2] = fresh[bias] ?? bias
        case (_, .tensor(let a), .tensor(let b)): inputs[a] = b
        case (_, .tensors(let a), .tensors(let b)) where a.count == b.count:
          for (a, b) in zip(a, b) where a != b { inputs[a] = b }
        default: return nil
        }
      }
    }
    // Tensors that the file does not have under a name of its own cannot be exchanged.
    for name in old.flatMap(\.inputNames) {
      if let other = fresh[name] {
        guard node.input.contains(name) else { return nil }
        inputs[name] = other
      }
    }
    guard inputs.keys.allSatisfy({ node.input.contains($0) || outputs[$0] != nil }),
      outputs.keys.allSatisfy({ node.output.contains($0) })
    else { return nil }
    result.input = result.input.map { inputs[$0] ?? $0 }
    result.output = result.output.map { outputs[$0] ?? $0 }
    for step in new[..<first] { try emitter.emit(step) }
    var all = emitter.takeNodes()
    all.append(result)
    for step in new[(first + old.count)...] { try emitter.emit(step) }
    return all + emitter.takeNodes()
  }

  /// New entries in the places of the old ones: initialisers, and the tensors of `Constant` nodes.
  private func replaceWeights(
    _ weights: [String: TensorSource], in graph: inout ONNXGraphProto, _ payloads: inout ONNXPayloads
  ) throws {
    func fill(_ tensor: inout ONNXTensorProto, _ source: TensorSource) throws {
      // A `Constant` node's tensor may be called otherwise.
      let name = tensor.name
      try payloads.set(source, in: &tensor)
      tensor.name = name
    }
    for index in graph.initializer.indices {
      guard let source = weights[graph.initializer[index].name] else { continue }
      try fill(&graph.initializer[index], source)
    }
    for index in graph.node.indices where graph.node[index].opType == "Constant" {
      guard let source = graph.node[index].output.first.flatMap({ weights[$0] }),
        let place = graph.node[index].attribute.firstIndex(where: { $0.name == "value" })
      else { continue }
      try fill(&graph.node[index].attribute[place].t, source)
    }
    // Initialisers that are listed as inputs too say their shapes a second time.
    for index in graph.input.indices {
      guard let source = weights[graph.input[index].name] else { continue }
      graph.input[index].type.tensorType.shape.dim = source.spec.shape.map { size in
        var dimension = ONNXTensorShapeProto.Dimension()
        dimension.dimValue = Int64(size)
        return dimension
      }
    }
  }

  /// Shapes that the file says of values, as they are now.
  private func describe(_ changed: Graph, in graph: inout ONNXGraphProto) {
    for index in graph.valueInfo.indices {
      let name = graph.valueInfo[index].name
      guard let sizes = changed.values[name]?.tensor?.sizes, let old = original.values[name]?.tensor?.sizes,
        sizes != old, sizes.count == old.count,
        case .tensorType(var tensor)? = graph.valueInfo[index].type.value, tensor.shape.dim.count == sizes.count
      else { continue }
      for axis in sizes.indices where sizes[axis] != old[axis] {
        if let size = sizes[axis].fixed {
          tensor.shape.dim[axis].dimValue = Int64(size)
        } else {
          tensor.shape.dim[axis].value = nil
        }
      }
      graph.valueInfo[index].type.value = .tensorType(tensor)
    }
    // Of values that are gone nothing is said.
    let given = Set(graph.node.flatMap(\.output) + graph.initializer.map(\.name) + graph.input.map(\.name))
    graph.valueInfo.removeAll { !given.contains($0.name) }
  }
}

extension ONNXNodeProto {
  /// Sets an attribute, in the place where it stood.
  mutating func set(_ value: ONNXAttributeProto) {
    if let index = attribute.firstIndex(where: { $0.name == value.name }) {
      attribute[index] = value
    } else {
      attribute.append(value)
    }
  }
}
