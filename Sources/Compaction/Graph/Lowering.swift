import Checkpoints
import Graphs
import OrderedCollections

/// A graph in which each channel can go by itself: what a shuffle or a reparameterisation ties together is said otherwise.
struct Lowering {
  private(set) var graph: Graph
  /// The graph before shuffles were said otherwise: what the compacted model is held against.
  private(set) var folded: Graph
  private(set) var tensors: ModelTensors
  /// For weights under new names, those whose kind they take.
  private(set) var origins: [String: String] = [:]

  init(_ graph: Graph, _ tensors: ModelTensors) throws {
    (self.graph, folded, self.tensors) = (graph, graph, tensors)
    let missing = graph.inputs.compactMap(\.role.path).filter { !tensors.has($0) }
    guard missing.isEmpty else { throw CompactionError.weights(missing) }
    try foldWeightNorms()
    folded = self.graph
    lowerShuffles()
    separateIndices()
  }

  /// Makes a new buffer, under the path given or one like it.
  ///
  /// - Returns: its name in the graph.
  mutating func addBuffer(_ path: String, _ data: TensorData, to graph: inout Graph) -> String {
    let taken = Set(graph.inputs.compactMap(\.role.path))
    var (free, number) = (path, 0)
    while taken.contains(free) || tensors.has(free) {
      free = "\(path)_\(number)"
      number += 1
    }
    tensors.set(free, data)
    return graph.addBuffer(free, type: data.type, shape: data.shape, persistent: true) ?? ""
  }

  private mutating func addBuffer(_ path: String, _ data: TensorData) -> String {
    var graph = graph
    defer { self.graph = graph }
    return addBuffer(path, data, to: &graph)
  }

  /// The same form with other tensors.
  mutating func replaceTensors(_ other: ModelTensors) { tensors = other }

  /// A view of channels as `[groups, width]`, transposed and viewed back, takes the channels in another order: the same as
  /// indices of a constant, but without tying the groups to each other.
  private mutating func lowerShuffles() {
    let users = graph.users
    var gone = Set<Int>()
    for index in graph.nodes.indices where !gone.contains(index) {
      guard let shuffle = Shuffle(graph, from: index, users) else { continue }
      let name = addBuffer("shuffle_index", TensorData(shuffle.order))
      gone.formUnion(shuffle.nodes.dropLast())
      let last = shuffle.nodes[shuffle.nodes.count - 1]
      graph.nodes[last].target = "torch.ops.aten.index_select.default"
      graph.nodes[last].inputs = [
        NamedArgument("self", .tensor(shuffle.source)), NamedArgument("dim", .int(shuffle.axis)),
        NamedArgument("index", .tensor(name)),
      ]
    }
    remove(gone)
  }

  private mutating func remove(_ gone: Set<Int>) {
    guard !gone.isEmpty else { return }
    for index in gone { for name in graph.nodes[index].outputNames { graph.values[name] = nil } }
    graph.nodes = graph.nodes.enumerated().filter { !gone.contains($0.offset) }.map(\.element)
  }

  /// A constant that several steps index with becomes one for each, so that it can follow what each keeps.
  private mutating func separateIndices() {
    let users = graph.users
    for (name, places) in users.sorted(by: { $0.key < $1.key }) where places.count > 1 {
      guard let input = graph.inputs.first(where: { $0.name == name }), let path = input.role.path,
        let type = graph.values[name]?.tensor, type.dtype == .i64, type.sizes.count == 1,
        places.allSatisfy({ ["index", "index_select"].contains(graph.nodes[$0].baseName) }),
        let data = try? tensors.data(path)
      else { continue }
      for place in places.dropFirst() {
        let copy = addBuffer("\(path)_copy", data)
        for argument in graph.nodes[place].inputs.indices {
          graph.nodes[place].inputs[argument].argument = graph.nodes[place].inputs[argument].argument.renamed {
            $0 == name ? copy : $0
          }
        }
      }
    }
  }

  /// Weight norm computes a weight out of lengths and directions; a channel that goes would be 0 / 0 in it. The weight
  /// itself takes their place.
  private mutating func foldWeightNorms() throws {
    let users = graph.users
    var gone = Set<Int>()
    for (index, node) in graph.nodes.enumerated() {
      guard ["_weight_norm", "_weight_norm_interface"].contains(node.baseName), case .tensor(let v)? = node["v"],
        case .tensor(let g)? = node["g"], users[v]?.count == 1, users[g]?.count == 1,
        let output = node.outputNames.first, node.outputNames.dropFirst().allSatisfy({ users[$0] == nil }),
        let direction = graph.inputs.firstIndex(where: { $0.name == v }),
        let length = graph.inputs.first(where: { $0.name == g })?.role.path,
        case .parameter(let path) = graph.inputs[direction].role,
        case let (data, lengths) = (try tensors.data(path), try tensors.data(length)), [.f32, .f64].contains(data.type)
      else { continue }
      var axis = 0
      if case .int(let dim)? = node["dim"] { axis = dim < 0 ? dim + data.shape.count : dim }
      guard data.shape.indices.contains(axis), lengths.values.count == data.shape[axis] else { continue }
      let norms = data.sums(along: axis) { $0 * $0 }.map { $0.squareRoot() }
      let scales = zip(lengths.values, norms).map { $0 / $1 }
      let inner = data.shape[(axis + 1)...].reduce(1, *)
      let weight = data.values.enumerated().map { $1 * scales[$0 / inner % data.shape[axis]] }
      let name = Self.folded(path)
      tensors.set(name, TensorData(weight, shape: data.shape, type: data.type))
      origins[name] = path
      graph.values[v] = nil
      graph.inputs[direction].argument = .tensor(output)
      graph.inputs[direction].role = .parameter(name)
      graph.inputs.removeAll { $0.name == g }
      graph.values[g] = nil
      gone.insert(index)
    }
    for index in gone { for name in graph.nodes[index].outputNames.dropFirst() { graph.values[name] = nil } }
    graph.nodes = graph.nodes.enumerated().filter { !gone.contains($0.offset) }.map(\.element)
  }

  /// `a.weight` for `a.parametrizations.weight.original1` and for `a.weight_v`.
  private static func folded(_ path: String) -> String {
    var parts = path.split(separator: ".").map(String.init)
    if parts.count >= 3, parts[parts.count - 3] == "parametrizations" {
      parts.remove(at: parts.count - 3)
      parts.removeLast()
      return parts.joined(separator: ".")
    }
    return path.hasSuffix("_v") ? String(path.dropLast(2)) : path + "_folded"
  }
}

/// A chain of steps that puts channels into another order and does nothing else.
private struct Shuffle {
  var nodes: [Int]
  var source: String
  var axis: Int
  /// For each channel of the result its place in the source.
  var order: [Int]

  init?(_ graph: Graph, from index: Int, _ users: [String: [Int]]) {
    let first = graph.nodes[index]
    func sizes(_ name: String?) -> [SymbolicSize] { name.flatMap { graph.values[$0]?.tensor?.sizes } ?? [] }
    guard let source = first.inputNames.first else { return nil }
    let before = sizes(source)
    if first.baseName == "channel_shuffle" || first.baseName == "native_channel_shuffle" {
      guard case .int(let groups)? = first["groups"], before.count >= 2, let count = before[1].fixed,
        count % groups == 0
      else { return nil }
      self.init(nodes: [index], source: source, axis: 1, order: Self.order(groups, count / groups))
      return
    }
    guard ["view", "reshape", "unflatten"].contains(first.baseName), case let middle = sizes(first.outputNames.first),
      middle.count == before.count + 1, let axis = before.indices.first(where: { before[$0] != middle[$0] }),
      Array(before[(axis + 1)...]) == Array(middle[(axis + 2)...]), before[axis].fixed != nil,
      let groups = middle[axis].fixed, let width = middle[axis + 1].fixed
    else { return nil }
    var chain = [index]
    while chain.count < 5, let last = graph.nodes[chain[chain.count - 1]].outputNames.first, let next = users[last],
      next.count == 1, !graph.outputs.contains(where: { $0.argument.names.contains(last) })
    {
      chain.append(next[0])
      let node = graph.nodes[next[0]]
      switch (chain.count, node.baseName) {
      case (2, "transpose"):
        let axes = ["dim0", "dim1"].compactMap { name -> Int? in
          guard case .int(let axis)? = node[name] else { return nil }
          return axis < 0 ? axis + middle.count : axis
        }
        guard Set(axes) == [axis, axis + 1] else { return nil }
      case (3..., "contiguous"), (3..., "clone"): continue
      case (3..., "view"), (3..., "reshape"), (3..., "flatten"):
        guard sizes(node.outputNames.first) == before else { return nil }
        self.init(nodes: chain, source: source, axis: axis, order: Self.order(groups, width))
        return
      default: return nil
      }
    }
    return nil
  }

  private init(nodes: [Int], source: String, axis: Int, order: [Int]) {
    (self.nodes, self.source, self.axis, self.order) = (nodes, source, axis, order)
  }

  private static func order(_ groups: Int, _ width: Int) -> [Int] {
    (0..<groups * width).map { $0 % groups * width + $0 / groups }
  }
}
