import Checkpoints
import Graphs
import OrderedCollections

extension Compactor {
  /// The model that the compacted one must equal: in the graph as it was, every parameter is 0 where a unit goes, and
  /// after every step the values are set to 0 there.
  ///
  /// Steps that only move entries about are not masked: what they move is. Weight norm is computed once and rounded to the
  /// weight's type in both.
  public func masked(_ choice: Choice) throws -> CompactedModel {
    let survivors = units.survivors(without: choice.units)
    let original = lowered.folded
    var masks = MaskBuilder(original, lowered.tensors)
    var nodes: [Node] = []
    var renamed: [String: String] = [:]
    // Buffers keep what is removed, so that what is moved out of them does.
    let buffers = Set(
      original.inputs.filter { input in
        if case .parameter = input.role { return false }
        return analysis.dimensions[input.name].map { !$0.allSatisfy(survivors.isWhole) } ?? false
      }.map(\.name))
    for node in original.nodes {
      let isMover = MaskBuilder.movers.contains(node.baseName) && !node.inputNames.contains(where: buffers.contains)
      var node = node
      for index in node.inputs.indices where node.inputs[index].argument.names.contains(where: { renamed[$0] != nil }) {
        node.inputs[index].argument = node.inputs[index].argument.renamed { renamed[$0] ?? $0 }
      }
      nodes.append(node)
      if isMover { continue }
      for name in node.outputNames {
        guard let dimensions = analysis.dimensions[name], !dimensions.allSatisfy(survivors.isWhole),
          original.values[name]?.tensor?.dtype?.isFloat == true
        else { continue }
        let (steps, result) = masks.steps(for: name, dimensions, survivors, of: node)
        nodes += steps
        renamed[name] = result
      }
    }
    var graph = masks.graph
    graph.nodes = nodes
    for index in graph.outputs.indices {
      graph.outputs[index].argument = graph.outputs[index].argument.renamed { renamed[$0] ?? $0 }
    }
    var form = lowered
    form.replaceTensors(masks.tensors)
    return try model(graph, form) { input in
      guard case .parameter = input.role, let dimensions = analysis.dimensions[input.name] else { return nil }
      let changed = dimensions.indices.filter { !survivors.isWhole(dimensions[$0]) }
      guard !changed.isEmpty else { return nil }
      return { data in
        changed.reduce(data) { data, axis in
          let labels = dimensions[axis].first?.settledLabels ?? []
          return data.clearing(labels.indices.filter { !survivors.stays(labels[$0]) }, along: axis)
        }
      }
    }
  }
}

/// Makes the steps that set masked entries to 0.
private struct MaskBuilder {
  private(set) var graph: Graph
  private(set) var tensors: ModelTensors
  private var names: [[Int]: String] = [:]

  /// Operators whose entries are all entries of what they take, or 0.
  static let movers: Set<String> = [
    "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "_unsafe_view", "slice", "narrow", "select",
    "split",
    "split_with_sizes", "chunk", "unsafe_chunk", "unsafe_split", "tensor_split", "unbind", "transpose", "permute",
    "swapaxes",
    "movedim", "t", "mT", "numpy_T", "detach", "alias", "contiguous", "clone", "cat", "stack", "to",
    "_to_copy", "repeat", "repeat_interleave", "index_select", "pixel_shuffle", "pixel_unshuffle", "dropout", "relu",
    "zeros",
  ]

  init(_ graph: Graph, _ tensors: ModelTensors) { (self.graph, self.tensors) = (graph, tensors) }

  /// Steps that mask each dimension of a value of which something goes, and the name of their result.
  mutating func steps(
    for name: String, _ dimensions: [Dimension], _ survivors: Survivors, of node: Node
  ) -> (steps: [Node], result: String) {
    var (steps, current): ([Node], String) = ([], name)
    func step(_ target: String, _ arguments: [NamedArgument], _ result: String) -> Node {
      Node(
        "torch.ops.aten.\(target)", [NamedArgument("self", .tensor(current))] + arguments, outputs: [.tensor(result)],
        metadata: node.metadata, name: result)
    }
    for (axis, dimension) in dimensions.enumerated() where !survivors.isWhole(dimension) {
      // Neighbouring factors that are all fixed, or all of dynamic size, are one; the latter are inferred.
      var sizes: [(size: Int, mask: [Int])] = []
      for factor in dimension {
        let labels = factor.settledLabels
        let count = factor.extent.fixed ?? -1
        let mask = labels.map { $0.map { survivors.stays($0) ? 1 : 0 } } ?? [Int](repeating: 1, count: max(count, 1))
        if count > 0, let last = sizes.last, last.size > 0 {
          sizes[sizes.count - 1] = (last.size * count, last.mask.flatMap { bit in mask.map { $0 * bit } })
        } else if !(count < 0 && sizes.last?.size == -1) {
          sizes.append((count, mask))
        }
      }
      let rank = dimensions.count
      let isSplit = sizes.count > 1
      if isSplit {
        guard sizes.count(where: { $0.size < 0 }) == 1 else { continue }
        let parted = "\(name)_parted\(axis)"
        var shape = graph.values[name]?.tensor?.sizes ?? []
        shape.replaceSubrange(
          axis...axis,
          with: sizes.map { $0.size > 0 ? .fixed($0.size) : .symbolic(.symbol("parted"), hint: nil) })
        define(parted, shape, like: name)
        steps.append(
          step(
            "unflatten.int", [NamedArgument("dim", .int(axis)), NamedArgument("sizes", .ints(sizes.map(\.size)))],
            parted))
        current = parted
      }
      for (place, part) in sizes.enumerated() where part.mask.contains(0) {
        let trailing = rank - axis - 1 + (sizes.count - place - 1)
        let masked = "\(name)_masked\(axis)_\(place)"
        define(masked, graph.values[current]?.tensor?.sizes ?? [], like: name)
        let mask = buffer(part.mask, trailing: trailing)
        steps.append(
          step("masked_fill.Scalar", [NamedArgument("mask", .tensor(mask)), NamedArgument("value", .float(0))], masked))
        current = masked
      }
      if isSplit {
        let whole = "\(name)_whole\(axis)"
        define(whole, graph.values[name]?.tensor?.sizes ?? [], like: name)
        steps.append(
          step(
            "flatten.using_ints",
            [NamedArgument("start_dim", .int(axis)), NamedArgument("end_dim", .int(axis + sizes.count - 1))], whole))
        current = whole
      }
    }
    return (steps, current)
  }

  private mutating func define(_ name: String, _ sizes: [SymbolicSize], like other: String) {
    guard let type = graph.values[other]?.tensor else { return }
    graph.values[name] = Value(.tensor(TensorType(dtype: type.dtype, sizes: sizes, device: type.device)))
  }

  /// A buffer that is true where entries go, to be broadcast along a dimension with so many behind it.
  private mutating func buffer(_ mask: [Int], trailing: Int) -> String {
    if let name = names[[trailing] + mask] { return name }
    let path = "bonsai_mask_\(names.count)"
    let shape = [mask.count] + [Int](repeating: 1, count: trailing)
    let name = graph.addBuffer(path, type: .bool, shape: shape, persistent: true) ?? ""
    tensors.set(path, TensorData(.bool, shape, mask.map { UInt8(1 - $0) }))
    names[[trailing] + mask] = name
    return name
  }
}
