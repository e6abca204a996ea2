import Checkpoints
import OrderedCollections

/// Writes a graph as the JSON of an exported model; what was read and not changed comes out as it was.
enum GraphWriter {
  static func json(_ graph: Graph) -> JSONValue {
    var object = graph.shell
    object["inputs"] = .array(graph.inputs.map { json($0.argument) })
    object["outputs"] = .array(graph.outputs.map { json($0.argument) })
    object["nodes"] = .array(graph.nodes.map(json))
    for (key, kind) in GraphReader.valueKinds {
      var members: JSONObject = [:]
      for (name, value) in graph.values where isOf(kind, value) { members[name] = value.source ?? json(value, name) }
      // Older versions have fewer tables.
      if object[key] != nil || !members.isEmpty || graph.shell.isEmpty { object[key] = .object(members) }
    }
    if graph.shell.isEmpty { object["is_single_tensor_return"] = .bool(false) }
    return .object(object)
  }

  private static func isOf(_ kind: GraphReader.ValueTable, _ value: Value) -> Bool {
    switch (kind, value.kind) {
    case (.tensor, .tensor), (.int, .int), (.bool, .bool), (.float, .float), (.object, .object): true
    default: false
    }
  }

  static func json(_ node: Node) -> JSONValue {
    var object = node.shell
    if object.isEmpty {
      object = [
        "target": .null, "inputs": .null, "outputs": .null, "metadata": .null, "is_hop_single_tensor_return": .null,
      ]
    }
    object["target"] = .string(node.target)
    object["inputs"] = .array(
      node.inputs.map { input in
        input.source
          ?? [
            "name": .string(input.name), "arg": json(input.argument), "kind": input.kind.map(JSONValue.int) ?? .int(1),
          ]
      })
    object["outputs"] = .array(node.outputs.map(json))
    object["metadata"] = .object(node.metadata.mapValues(JSONValue.string))
    if object["name"] != nil || node.name != nil { object["name"] = node.name.map(JSONValue.string) ?? .null }
    return .object(object)
  }

  private static func json(_ value: Value, _ name: String) -> JSONValue {
    switch value.kind {
    case .tensor(let type):
      [
        "dtype": .int(type.dtype?.exportCode ?? 0), "sizes": .array(type.sizes.map(json)),
        "requires_grad": .bool(type.requiresGrad), "device": json(type.device),
        "strides": .array(type.strides.map(json)), "storage_offset": json(type.storageOffset),
        "layout": .int(type.layout.rawValue),
      ]
    case .int(let size): json(size)
    case .bool: ["as_bool": .bool(false)]
    case .float: ["as_float": .double(0)]
    case .object(let className): ["name": .string(name), "class_fqn": .string(className)]
    }
  }

  static func json(_ size: SymbolicSize) -> JSONValue {
    switch size {
    case .fixed(let size): ["as_int": .int(size)]
    case .symbolic(let expression, let hint):
      ["as_expr": ["expr_str": .string(expression.sympy), "hint": hint.map { ["as_int": .int($0)] } ?? .null]]
    }
  }

  private static func json(_ device: DeviceName) -> JSONValue {
    ["type": .string(device.type), "index": device.index.map(JSONValue.int) ?? .null]
  }

  static func json(_ argument: Argument) -> JSONValue {
    func tensor(_ name: String) -> JSONValue { ["name": .string(name)] }
    func optional(_ name: String?) -> JSONValue { name.map { ["as_tensor": tensor($0)] } ?? ["as_none": .bool(true)] }
    func symbolic<C>(_ one: Argument.Symbolic<C>, _ key: String, _ constant: (C) -> JSONValue) -> JSONValue {
      switch one {
      case .name(let name): ["as_name": .string(name)]
      case .constant(let value): [key: constant(value)]
      }
    }
    func ints(_ list: [Int]) -> JSONValue { .array(list.map(JSONValue.int)) }
    func floats(_ list: [Double]) -> JSONValue { .array(list.map(JSONValue.double)) }
    switch argument {
    case .none: return ["as_none": .bool(true)]
    case .tensor(let name): return ["as_tensor": tensor(name)]
    case .tensors(let names): return ["as_tensors": .array(names.map(tensor))]
    case .optionalTensor(let name): return ["as_optional_tensor": optional(name)]
    case .optionalTensors(let names): return ["as_optional_tensors": .array(names.map(optional))]
    case .nestedTensors(let lists): return ["as_nested_tensors": .array(lists.map { .array($0.map(tensor)) })]
    case .int(let value): return ["as_int": .int(value)]
    case .ints(let list): return ["as_ints": ints(list)]
    case .intLists(let lists): return ["as_int_lists": .array(lists.map(ints))]
    case .float(let value): return ["as_float": .double(value)]
    case .floats(let list): return ["as_floats": floats(list)]
    case .floatLists(let lists): return ["as_float_lists": .array(lists.map(floats))]
    case .complex(let real, let imaginary): return ["as_complex": ["real": .double(real), "imag": .double(imaginary)]]
    case .bool(let value): return ["as_bool": .bool(value)]
    case .bools(let list): return ["as_bools": .array(list.map(JSONValue.bool))]
    case .string(let text): return ["as_string": .string(text)]
    case .strings(let list): return ["as_strings": .array(list.map(JSONValue.string))]
    case .symbolicInt(let one): return ["as_sym_int": symbolic(one, "as_int", JSONValue.int)]
    case .symbolicInts(let list):
      return ["as_sym_ints": .array(list.map { symbolic($0, "as_int", JSONValue.int) })]
    case .symbolicFloat(let one): return ["as_sym_float": symbolic(one, "as_float", JSONValue.double)]
    case .symbolicFloats(let list):
      return ["as_sym_floats": .array(list.map { symbolic($0, "as_float", JSONValue.double) })]
    case .symbolicBool(let one): return ["as_sym_bool": symbolic(one, "as_bool", JSONValue.bool)]
    case .symbolicBools(let list):
      return ["as_sym_bools": .array(list.map { symbolic($0, "as_bool", JSONValue.bool) })]
    case .dtype(let type): return ["as_scalar_type": .int(type.exportCode ?? 0)]
    case .memoryFormat(let format): return ["as_memory_format": .int(format.rawValue)]
    case .layout(let layout): return ["as_layout": .int(layout.rawValue)]
    case .device(let device): return ["as_device": json(device)]
    case .graph(let name, let graph): return ["as_graph": ["name": .string(name), "graph": json(graph)]]
    case .object(let name, let className):
      return ["as_custom_obj": ["name": .string(name), "class_fqn": .string(className)]]
    case .operation(let name): return ["as_operator": .string(name)]
    case .dictionary(let members): return ["as_string_to_argument": .object(members.mapValues(json))]
    case .unknown(let kind, let value): return [kind: value]
    }
  }
}

extension SymbolicExpression {
  /// The expression as sympy's `srepr` writes it.
  var sympy: String {
    switch self {
    case .number(let value): value == value.rounded() ? "Integer(\(Int(value)))" : "Float('\(value)')"
    case .symbol(let name): "Symbol('\(name)', positive=True, integer=True)"
    case .call(let function, let arguments): "\(function)(\(arguments.map(\.sympy).joined(separator: ", ")))"
    case .opaque(let text): text
    }
  }
}
