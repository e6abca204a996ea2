import Checkpoints
import ONNXFormat
import OrderedCollections

/// Values under their names in the ONNX graph, and as tensors of the new graph.
extension ONNXLowering {
  func bind(_ name: String, _ value: ONNXValue) { scopes[scopes.count - 1][name] = value }

  func find(_ name: String) -> ONNXValue? { scopes.lazy.reversed().compactMap { $0[name] }.first }

  func value(_ name: String, for node: String) throws -> ONNXValue {
    guard let value = find(name) else {
      throw ONNXGraphError.invalid(node: node, problem: "nothing before it gives '\(name)'")
    }
    return value
  }

  /// A name of the new graph that is free.
  func free(_ stem: String) -> String {
    var (name, number) = (stem, 1)
    while graph.values[name] != nil || taken.contains(name) {
      name = "\(stem).\(number)"
      number += 1
    }
    return name
  }

  /// The name of a tensor in the new graph: a weight or a known value becomes an input of it.
  func name(of value: ONNXValue, preferring preferred: String? = nil) throws -> String {
    if let name = value.name { return name }
    if let source = value.source {
      let name = value.origin ?? source.name
      if graph.values[name] == nil {
        tensors[name] = .file(source)
        // Numbers by themselves are constants of the code; the others are learnt, unless a norm says otherwise.
        addInput(
          name, value.type, value.sizes, value.isWeight ? .parameter(name) : .buffer(name, persistent: true))
      }
      return name
    }
    guard let known = value.known else {
      throw ONNXGraphError.invalid(node: preferred ?? "", problem: "a value is no tensor")
    }
    if known.isConstant {
      if let name = materialised[known] { return name }
      // Under the file's name where it is that value.
      let isTheFiles = preferred.flatMap(find).map { $0.source == nil && $0.known == known } ?? false
      let name =
        if let preferred, isTheFiles, graph.values[preferred] == nil { preferred } else {
          free("\(preferred ?? "constant").value")
        }
      tensors[name] = .made(known)
      addInput(name, known.type, known.shape.map(SymbolicSize.fixed), .buffer(name, persistent: true))
      materialised[known] = name
      return name
    }
    return try computed(known, preferred)
  }

  func addInput(_ name: String, _ type: StoredType, _ sizes: [SymbolicSize], _ role: Graph.InputRole) {
    graph.values[name] = Value(.tensor(TensorType(dtype: type, sizes: sizes)))
    graph.inputs.append(Graph.Input(.tensor(name), role: role))
  }

  /// Says that a weight is a statistic that is not learnt.
  func markBuffer(_ value: ONNXValue) {
    guard let name = value.origin, let index = graph.inputs.firstIndex(where: { $0.name == name }) else { return }
    if case .parameter(let path) = graph.inputs[index].role {
      graph.inputs[index].role = .buffer(path, persistent: true)
    }
  }

  /// A tensor of computed sizes.
  private func computed(_ known: KnownTensor, _ preferred: String?) throws -> String {
    let stem = preferred ?? "sizes"
    var parts: [String] = []
    for entry in known.entries {
      let number: Argument =
        switch entry {
        case .int(let value): .int(value)
        case .real(let value): .float(value)
        case .size(let expression): .symbolicInt(.name(try symbolicInt(expression)))
        }
      parts.append(
        emit("scalar_tensor.default", [("s", number), ("dtype", .dtype(known.type))], known.type, [], stem: stem).0)
    }
    if known.shape.isEmpty { return parts[0] }
    let count = SymbolicSize.fixed(parts.count)
    let flat = emit("stack.default", [("tensors", .tensors(parts))], known.type, [count], stem: stem).0
    if known.shape.count == 1 { return flat }
    return emit(
      "reshape.default", [("self", .tensor(flat)), ("shape", .ints(known.shape))], known.type,
      known.shape.map(SymbolicSize.fixed), stem: stem
    ).0
  }
}
