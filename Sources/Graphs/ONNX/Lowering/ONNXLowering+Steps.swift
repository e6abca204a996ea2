import Checkpoints
import ONNXFormat
import OrderedCollections

/// The steps of the new graph.
extension ONNXLowering {
  /// Says that what the steps of the node under way touch stays whole.
  func keepWholeSinceStart(_ reason: String) {
    for index in start..<graph.nodes.count { graph.nodes[index].metadata[Node.onnxWhole] = reason }
  }
  var metadata: OrderedDictionary<String, String> {
    var metadata: OrderedDictionary = [Node.onnxLabel: label, Node.onnxPosition: "\(position.index)"]
    if !position.isOutermost { metadata[Node.onnxWhole] = "it stands within the graph of another node" }
    return metadata
  }

  /// Appends a step that gives tensors.
  ///
  /// - Returns: their names.
  @discardableResult
  func emit(
    _ target: String, _ arguments: [(String, Argument)], results: [(StoredType, [SymbolicSize])], stem: String,
    isList: Bool = false, namespace: String = "torch.ops.aten."
  ) -> [String] {
    let names = results.map { type, sizes in
      let name = free("\(stem).\(target.prefix { $0 != "." })")
      graph.values[name] = Value(.tensor(TensorType(dtype: type, sizes: sizes)))
      return name
    }
    graph.nodes.append(
      Node(
        namespace + target, arguments.map { NamedArgument($0.0, $0.1) },
        outputs: isList ? [.tensors(names)] : names.map(Argument.tensor), metadata: metadata, name: names.first))
    return names
  }

  /// Appends a step that gives one tensor.
  func emit(
    _ target: String, _ arguments: [(String, Argument)], _ type: StoredType, _ sizes: [SymbolicSize], stem: String
  ) -> (String, [SymbolicSize]) {
    (emit(target, arguments, results: [(type, sizes)], stem: stem)[0], sizes)
  }

  /// Gives a value of the last steps another name, where that is free.
  func rename(_ name: String, to wanted: String, since start: Int) -> String {
    guard name != wanted, graph.values[wanted] == nil, let value = graph.values[name] else { return name }
    guard graph.nodes[start...].contains(where: { $0.outputNames.contains(name) }) else { return name }
    let rename: (String) -> String = { $0 == name ? wanted : $0 }
    for index in start..<graph.nodes.count {
      for place in graph.nodes[index].inputs.indices
      where graph.nodes[index].inputs[place].argument.names.contains(name) {
        graph.nodes[index].inputs[place].argument = graph.nodes[index].inputs[place].argument.renamed(rename)
      }
      if graph.nodes[index].outputNames.contains(name) {
        graph.nodes[index].outputs = graph.nodes[index].outputs.map { $0.renamed(rename) }
        if graph.nodes[index].name == name { graph.nodes[index].name = wanted }
      }
    }
    for (symbol, home) in homes where home.value == name { homes[symbol] = (wanted, home.axis) }
    graph.values[name] = nil
    graph.values[wanted] = value
    return wanted
  }
}
