import Checkpoints
import OrderedCollections

extension Graph {
  /// Which nodes take each value, by their positions, outputs left out. O(size of the graph).
  public var users: [String: [Int]] {
    var users: [String: [Int]] = [:]
    for (index, node) in nodes.enumerated() {
      for name in Set(node.inputNames) { users[name, default: []].append(index) }
    }
    return users
  }

  /// Exchanges every use of one value, in nodes and outputs, by another.
  public mutating func replaceUses(of name: String, by other: String) {
    let rename: (String) -> String = { $0 == name ? other : $0 }
    for index in nodes.indices where nodes[index].inputNames.contains(name) {
      for place in nodes[index].inputs.indices where nodes[index].inputs[place].argument.names.contains(name) {
        nodes[index].inputs[place].argument = nodes[index].inputs[place].argument.renamed(rename)
      }
    }
    for index in outputs.indices where outputs[index].argument.names.contains(name) {
      outputs[index].argument = outputs[index].argument.renamed(rename)
    }
  }

  /// Puts other nodes in the place of one; values that they give and that are new must be in ``values``.
  ///
  /// - Parameters:
  ///   - index: the position of the node to remove.
  ///   - replacement: the nodes that come.
  ///   - results: for each value that the old node gave, the one that stands for it; those not named keep their name.
  public mutating func replaceNode(at index: Int, by replacement: [Node], results: [String: String] = [:]) {
    let old = nodes[index].outputNames
    nodes.replaceSubrange(index...index, with: replacement)
    let given = Set(replacement.flatMap(\.outputNames))
    for name in old {
      if let other = results[name] { replaceUses(of: name, by: other) }
      if !given.contains(name) { values[name] = nil }
    }
  }

  /// Removes nodes whose values nothing takes and that have no effect, again and again until none is left.
  ///
  /// - Returns: how many were removed.
  @discardableResult
  public mutating func removeDeadNodes() -> Int {
    var needed = Set(outputs.flatMap(\.argument.names))
    var kept: [Node] = []
    for node in nodes.reversed() {
      if node.outputNames.contains(where: needed.contains) || node.hasEffect {
        needed.formUnion(node.inputNames)
        kept.append(node)
      } else {
        for name in node.outputNames { values[name] = nil }
      }
    }
    let removed = nodes.count - kept.count
    nodes = kept.reversed()
    return removed
  }

  /// Removes parameters, buffers and constants that no node and no output takes.
  ///
  /// - Parameter isWanted: which of them by their names in the module; all unless told otherwise.
  /// - Returns: their names in the module.
  @discardableResult
  public mutating func removeUnusedWeights(where isWanted: (String) -> Bool = { _ in true }) -> [String] {
    let used = Set(nodes.flatMap(\.inputNames) + outputs.flatMap(\.argument.names))
    let unused = inputs.filter { $0.role.path.map(isWanted) == true && !used.contains($0.name) }
    let names = Set(unused.map(\.name))
    inputs.removeAll { names.contains($0.name) }
    for name in names { values[name] = nil }
    return unused.compactMap(\.role.path)
  }

  /// Says that a parameter, buffer or constant has another shape; what is computed from it keeps its own.
  ///
  /// - Throws: ``GraphError/noSuch(_:name:names:)``.
  public mutating func setShape(_ shape: [Int], of path: String) throws(GraphError) {
    guard let input = inputs.first(where: { $0.role.path == path }), let type = values[input.name]?.tensor else {
      throw .noSuch("weight", name: path, names: inputs.compactMap(\.role.path))
    }
    values[input.name]?.kind = .tensor(
      TensorType(
        dtype: type.dtype, sizes: shape.map(SymbolicSize.fixed), requiresGrad: type.requiresGrad, device: type.device))
  }

  /// Gives a parameter, buffer or constant another name in the module.
  ///
  /// - Throws: ``GraphError/noSuch(_:name:names:)``.
  public mutating func rename(_ path: String, to new: String) throws(GraphError) {
    guard let index = inputs.firstIndex(where: { $0.role.path == path }) else {
      throw .noSuch("weight", name: path, names: inputs.compactMap(\.role.path))
    }
    switch inputs[index].role {
    case .parameter: inputs[index].role = .parameter(new)
    case .buffer(_, let persistent): inputs[index].role = .buffer(new, persistent: persistent)
    default: inputs[index].role = .constant(new)
    }
  }
}

extension Node {
  /// Whether it does something besides giving values: writing to its arguments, checking, drawing random numbers, or
  /// anything that is not known.
  public var hasEffect: Bool {
    guard let operatorName else { return target.hasPrefix("torch.ops.higher_order") }
    let base = baseName
    if operatorName.hasPrefix("aten::_assert") || base.hasPrefix("sym_constrain") { return true }
    if base.hasSuffix("_") && !base.hasSuffix("__") { return true }
    return operatorName.hasSuffix(".out") || outputs.isEmpty || !operatorName.hasPrefix("aten::")
  }
}

extension Graph {
  /// Adds a buffer behind the parameters and buffers that there are.
  ///
  /// - Returns: its name in the graph; nil where there is something of that path already.
  public mutating func addBuffer(_ path: String, type: StoredType, shape: [Int], persistent: Bool) -> String? {
    guard !inputs.contains(where: { $0.role.path == path }) else { return nil }
    var name = "b_" + path.map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
    while values[name] != nil { name += "_" }
    values[name] = Value(.tensor(TensorType(dtype: type, sizes: shape.map(SymbolicSize.fixed))))
    let place = inputs.lastIndex {
      switch $0.role {
      case .parameter, .buffer: true
      default: false
      }
    }
    inputs.insert(
      Input(.tensor(name), role: .buffer(path, persistent: persistent)), at: place.map { $0 + 1 } ?? inputs.startIndex)
    return name
  }

  /// Says that a value has other sizes; its dimensions lie in memory in the same order as before, without gaps.
  public mutating func setSizes(_ sizes: [SymbolicSize], of name: String) {
    guard let type = values[name]?.tensor, sizes != type.sizes, sizes.count == type.sizes.count else { return }
    let order = sizes.indices.sorted { a, b in
      let (first, second) = (type.strides[a].hint ?? 0, type.strides[b].hint ?? 0)
      return first == second ? a < b : first > second
    }
    let dense = TensorType(dtype: type.dtype, sizes: order.map { sizes[$0] }).strides
    var strides = type.strides
    for (place, axis) in order.enumerated() { strides[axis] = dense[place] }
    values[name]?.kind = .tensor(
      TensorType(
        dtype: type.dtype, sizes: sizes, strides: strides, storageOffset: type.storageOffset,
        requiresGrad: type.requiresGrad, device: type.device, layout: type.layout))
  }
}
