import Checkpoints
import Graphs
import OrderedCollections

/// A model made out of another: its graph, and how its tensors come about.
public struct CompactedModel {
  /// The graph.
  public let graph: Graph
  /// The tensors of the state dict, each made when its turn comes.
  public let tensors: [TensorSource]
  private let origin: ModelFile?
  private let lowered: Lowering
  /// For weights that lie in the memory of another one, that one.
  private let sharing: [String: String]
  /// What is left of the original's weights.
  public private(set) var kept = KeptChannels()
  /// The names of the tensors that are not as in the file.
  private let changed: Set<String>

  init(
    _ graph: Graph, _ tensors: [TensorSource], of origin: ModelFile?, _ lowered: Lowering,
    sharing: [String: String], changed: Set<String>
  ) {
    (self.graph, self.tensors, self.origin) = (graph, tensors, origin)
    (self.lowered, self.sharing, self.changed) = (lowered, sharing, changed)
  }

  /// The same with what is left of the original's weights.
  func keeping(_ slices: [Compactor.Slice]) -> CompactedModel {
    var model = self
    model.kept = KeptChannels(slices)
    if let earlier = origin.flatMap({ KeptChannels(metadata: $0.metadata) }) {
      model.kept = model.kept.following(earlier)
    }
    return model
  }

  /// The content of a tensor that the state dict does not have.
  func constant(_ path: String) throws -> TensorData { try lowered.tensors.data(path) }

  /// Writes the model in the format of the file that it came from, which takes the place of what is there in one step; a
  /// model that came from none, or from ONNX and is to be a `.pt2`, is written as a `.pt2` from nothing. ``kept`` goes into its metadata.
  ///
  /// - Throws: `GraphError` where graph and tensors do not fit, `CheckpointError` for the file, `ONNXGraphError` for a step
  ///   that cannot be said in ONNX.
  public func write(to path: String) throws {
    var metadata = origin?.metadata ?? [:]
    if !kept.indices.isEmpty { metadata[KeptChannels.key] = kept.text }
    switch origin {
    case .exported(var program)?:
      program.graph = graph
      try program.writer(
        to: path, tensors: tensors.map(\.spec), origins: lowered.origins, sharing: sharing, metadata: metadata
      ).writeAll(tensors.filter { sharing[$0.spec.name] == nil })
    case .onnx(let model)? where !path.hasSuffix(".pt2"):
      try model.write(graph, tensors.filter { changed.contains($0.spec.name) }, metadata: metadata, to: path)
    case .onnx?, nil:
      let parameters = Set(graph.parameters.keys)
      try PT2Archive.write(
        to: path, graph: graph.exportedText(),
        weights: tensors.map {
          PT2Tensor($0, isParameter: parameters.contains($0.spec.name), sharing: sharing[$0.spec.name])
        })
    }
  }
}

extension Compactor {
  /// The model without the units of a choice.
  public func compacted(_ choice: Choice) throws -> CompactedModel {
    let survivors = units.survivors(without: choice.units)
    var graph = analysis.resized(survivors)
    var nodes: [Node] = []
    nodes.reserveCapacity(graph.nodes.count)
    var form = lowered
    for (index, node) in graph.nodes.enumerated() {
      let (changes, fold) = (analysis.rewrites[index] ?? [], choice.folds[index])
      guard !changes.isEmpty || fold != nil else {
        nodes.append(node)
        continue
      }
      var edit = NodeEdit(node)
      for change in changes { change(&edit, survivors) }
      if let fold {
        let data = TensorData(fold.bias, shape: [fold.bias.count], type: fold.type)
        edit.set("bias", .tensor(form.addBuffer(fold.path, data, to: &graph)))
      }
      for value in edit.values {
        guard var sizes = graph.values[value.like]?.tensor?.sizes else { continue }
        for (axis, extent) in value.sizes { sizes[axis] = extent.size(from: sizes[axis]) }
        graph.values[value.name] = graph.values[value.like]
        graph.setSizes(sizes, of: value.name)
      }
      nodes += edit.before + [edit.node] + edit.after
    }
    graph.nodes = nodes
    if options.dropsUnused { graph.removeUnusedWeights() }
    if !choice.folds.isEmpty { graph.removeUnusedWeights { $0.hasSuffix("bias") } }
    return try model(graph, form) { input in self.change(input, survivors) }.keeping(slices(choice))
  }

  /// How the content of a weight changes; nil where it does not.
  private func change(_ input: Graph.Input, _ survivors: Survivors) -> ((TensorData) -> TensorData)? {
    guard let dimensions = analysis.dimensions[input.name] else { return nil }
    if let content = analysis.contents[input.name] {
      return survivors.isWhole(dimensions[0]) ? nil : { _ in TensorData(content(survivors)) }
    }
    let changed = dimensions.indices.filter { !survivors.isWhole(dimensions[$0]) }
    guard !changed.isEmpty else { return nil }
    let padded = analysis.padded[input.name]
    return { data in
      var data = data
      for axis in changed {
        guard let labels = dimensions[axis].first?.settledLabels else { continue }
        data = data.taking(survivors.kept(labels), along: axis)
      }
      return padded.map { data.padded(to: $0) } ?? data
    }
  }

  /// A model of a graph whose weights are those of another form of the model, some of them changed.
  func model(
    _ graph: Graph, _ lowered: Lowering, _ change: (Graph.Input) -> ((TensorData) -> TensorData)?
  ) throws -> CompactedModel {
    var graph = graph
    var changes: [String: (TensorData) -> TensorData] = [:]
    for index in graph.inputs.indices {
      guard let path = graph.inputs[index].role.path, let change = change(graph.inputs[index]) else { continue }
      changes[path] = change
      // What the state dict does not have stands in the file once for all; as a buffer it has its own bytes.
      if lowered.tensors.isConstant(path) {
        graph.inputs[index].role = .buffer(path, persistent: true)
      }
    }
    let paths = graph.inputs.compactMap { input -> String? in
      switch input.role {
      case .parameter(let path), .buffer(let path, persistent: true): path
      default: nil
      }
    }
    let wanted = Set(paths)
    let given = Set(self.graph.inputs.compactMap(\.role.path))
    // The order of the state dict, what the graph never took included, then what is new.
    let old = lowered.tensors.names.filter { wanted.contains($0) || !given.contains($0) }
    let known = Set(old)
    let sources = try (old + paths.filter { !known.contains($0) }).map { path in
      try source(path, graph, lowered.tensors, changes[path])
    }
    // Tied weights that have become smaller go on lying in one storage.
    var sharing: [String: String] = [:]
    for names in lowered.tensors.tied(graph) {
      let paths = names.compactMap { name in graph.inputs.first { $0.name == name }?.role.path }
        .filter { changes[$0] != nil }
      let ordered = sources.map(\.spec.name).filter(paths.contains)
      for path in ordered.dropFirst() { sharing[path] = ordered[0] }
    }
    let isNew = Set(sources.map(\.spec.name)).subtracting(self.lowered.tensors.names)
    return CompactedModel(
      graph, sources, of: origin, lowered, sharing: sharing,
      changed: Set(changes.keys).union(lowered.tensors.changed.keys).union(isNew))
  }

  private func source(
    _ path: String, _ graph: Graph, _ tensors: ModelTensors, _ change: ((TensorData) -> TensorData)?
  ) throws -> TensorSource {
    if change == nil, let source = tensors.source(path) { return source }
    let name = graph.inputs.first { $0.role.path == path }?.name ?? ""
    guard let type = graph.values[name]?.tensor, let dtype = type.dtype, let shape = type.shape else {
      throw CompactionError.weights([path])
    }
    return TensorSource(name: path, type: dtype, shape: shape) { consume in
      let data = try tensors.data(path)
      try (change?(data) ?? data).bytes.withUnsafeBytes(consume)
    }
  }
}
