import Checkpoints
import ONNXFormat
import OrderedCollections

/// What goes into a model and comes out of it: weights, inputs, outputs.
extension ONNXLowering {
  func readWeights(_ graph: ONNXGraphProto) throws {
    for tensor in graph.initializer { scopes[scopes.count - 1][tensor.name] = try weight(tensor, named: tensor.name) }
    for sparse in graph.sparseInitializer {
      throw ONNXGraphError.unsupported(
        ONNXRefusal(
          operation: "sparse_initializer", node: sparse.values.name, reason: "sparse initialisers are not read"))
    }
  }

  /// A tensor of the file; it becomes an input of the graph once something takes it.
  func weight(_ tensor: ONNXTensorProto, named name: String) throws -> ONNXValue {
    guard let type = StoredType(onnx: Int(tensor.dataType)) else {
      return ONNXValue(unreadable: name, tensor.dims.map { .fixed(Int($0)) })
    }
    let shape = tensor.dims.map(Int.init)
    var value = ONNXValue(nil, type, shape.map(SymbolicSize.fixed))
    value.isWeight = type.isFloat && !shape.isEmpty
    let count = shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    if count <= Self.knownLimit { value.known = KnownTensor(type, shape, bytes: try content(tensor)) }
    value.source = tensor
    value.origin = name
    return value
  }

  func readInputs(_ fixed: [String: KnownTensor]) throws {
    let weights = Set(model.graph.initializer.map(\.name))
    for input in model.graph.input where !weights.contains(input.name) {
      if let known = fixed[input.name] {
        bind(input.name, ONNXValue(known: known))
        continue
      }
      guard case .tensorType(let tensor)? = input.type.value, tensor.hasShape,
        let type = StoredType(onnx: Int(tensor.elemType))
      else {
        throw ONNXGraphError.unsupported(
          ONNXRefusal(
            operation: "input", node: input.name,
            reason: "it is no tensor of a known type and number of dimensions"))
      }
      for (axis, dimension) in tensor.shape.dim.enumerated() {
        guard case .dimParam(let name)? = dimension.value, Self.isName(name) else { continue }
        let symbol = Self.symbol(name)
        if homes[symbol] == nil { homes[symbol] = (input.name, axis) }
        graph.ranges[symbol] = Graph.SymbolRange(minimum: 0, maximum: nil)
      }
      let sizes = sizes(of: tensor.shape, at: input.name)
      graph.values[input.name] = Value(.tensor(TensorType(dtype: type, sizes: sizes)))
      graph.inputs.append(Graph.Input(.tensor(input.name)))
      bind(input.name, ONNXValue(input.name, type, sizes))
    }
  }

  func readOutputs() throws {
    var children: [Tree] = []
    for output in model.graph.output {
      let value = try self.value(output.name, for: "outputs")
      if value.isNothing {
        throw ONNXGraphError.unsupported(
          ONNXRefusal(operation: "output", node: output.name, reason: "it is an optional that holds nothing"))
      }
      // The members of a sequence are outputs by their places.
      for (index, member) in (value.members ?? [value]).enumerated() {
        let preferred = value.members == nil ? output.name : "\(output.name).\(index)"
        graph.outputs.append(Graph.Output(.tensor(try name(of: member, preferring: preferred))))
      }
      children.append(
        value.members.map { members in
          Tree(
            type: "builtins.list", keys: members.indices.map(String.init),
            children: [Tree](repeating: .leaf, count: members.count))
        } ?? .leaf)
    }
    graph.outputTree = Tree(type: "builtins.dict", keys: model.graph.output.map(\.name), children: children)
  }
}
