import OrderedCollections

extension Graph: CustomStringConvertible {
  /// The graph as Python prints an exported program: a function of all inputs, a line for each step.
  public var description: String {
    var lines = ["ExportedProgram:"]
    lines += code(indent: "    ")
    lines.append("")
    lines.append("Graph signature:")
    lines.append("    # inputs")
    for input in inputs {
      let name = input.argument.names.first ?? "\(input.argument.text)"
      lines.append("    \(name): \(input.role.text)")
    }
    lines.append("    # outputs")
    for output in outputs { lines.append("    \(output.argument.text): \(output.role.text)") }
    if !ranges.isEmpty {
      let all = ranges.map {
        "\($0): VR[\($1.minimum.map(String.init) ?? "-int_oo"), \($1.maximum.map(String.init) ?? "int_oo")]"
      }
      lines.append("Range constraints: {\(all.joined(separator: ", "))}")
    }
    return lines.joined(separator: "\n")
  }

  private func code(indent: String) -> [String] {
    var lines: [String] = []
    let arguments = inputs.map { input in
      let name = input.argument.names.first ?? "_"
      return values[name].map { "\(name): \"\($0.text)\"" } ?? name
    }
    lines.append("\(indent)def forward(self, \(arguments.joined(separator: ", "))):")
    let inner = indent + "    "
    for node in nodes {
      let positional = node.inputs.filter { $0.kind != 2 }.map(\.argument.text)
      let keywords = node.inputs.filter { $0.kind == 2 }.map { "\($0.name) = \($0.argument.text)" }
      let call = "\(node.target)(\((positional + keywords).joined(separator: ", ")))"
      let names = node.outputNames
      switch names.count {
      case 0: lines.append(inner + call)
      case 1: lines.append("\(inner)\(names[0]): \"\(values[names[0]]?.text ?? "?")\" = \(call)")
      default:
        let types = names.map { "\($0): \"\(values[$0]?.text ?? "?")\"" }
        lines.append("\(inner)\(types.joined(separator: ", ")) = \(call)")
      }
      for graph in node.graphs { lines += graph.code(indent: inner + "    ") }
    }
    lines.append("\(inner)return (\(outputs.map { $0.argument.text + "," }.joined(separator: " ")))")
    return lines
  }
}

extension Value {
  /// The type as Python prints it.
  var text: String {
    switch kind {
    case .tensor(let type): "\(type)"
    case .int(let size): "Sym(\(size))"
    case .float: "Sym(float)"
    case .bool: "Sym(bool)"
    case .object(let name): name
    }
  }
}

extension Argument {
  /// The argument as Python prints it.
  var text: String {
    func list(_ texts: [String]) -> String { "[\(texts.joined(separator: ", "))]" }
    func symbolic<C>(_ one: Symbolic<C>) -> String {
      switch one {
      case .name(let name): name
      case .constant(let value): value is Bool ? (value as? Bool == true ? "True" : "False") : "\(value)"
      }
    }
    switch self {
    case .none: return "None"
    case .tensor(let name): return name
    case .tensors(let names): return list(names)
    case .optionalTensor(let name): return name ?? "None"
    case .optionalTensors(let names): return list(names.map { $0 ?? "None" })
    case .nestedTensors(let lists): return list(lists.map(list))
    case .int(let value): return "\(value)"
    case .ints(let values): return list(values.map { "\($0)" })
    case .intLists(let lists): return list(lists.map { list($0.map { "\($0)" }) })
    case .float(let value): return "\(value)"
    case .floats(let values): return list(values.map { "\($0)" })
    case .floatLists(let lists): return list(lists.map { list($0.map { "\($0)" }) })
    case .complex(let real, let imaginary): return "(\(real)+\(imaginary)j)"
    case .bool(let value): return value ? "True" : "False"
    case .bools(let values): return list(values.map { $0 ? "True" : "False" })
    case .string(let text): return "'\(text)'"
    case .strings(let texts): return list(texts.map { "'\($0)'" })
    case .symbolicInt(let one): return symbolic(one)
    case .symbolicInts(let all): return list(all.map(symbolic))
    case .symbolicFloat(let one): return symbolic(one)
    case .symbolicFloats(let all): return list(all.map(symbolic))
    case .symbolicBool(let one): return symbolic(one)
    case .symbolicBools(let all): return list(all.map(symbolic))
    case .dtype(let type): return "torch.\(type)"
    case .memoryFormat(let format): return "memory_format(\(format.rawValue))"
    case .layout(let layout): return layout == .strided ? "torch.strided" : "layout(\(layout.rawValue))"
    case .device(let device): return "device(type='\(device.type)'\(device.index.map { ", index=\($0)" } ?? ""))"
    case .graph(let name, _): return name
    case .object(let name, _): return name
    case .operation(let name): return name
    case .dictionary(let members): return "{\(members.map { "'\($0)': \($1.text)" }.joined(separator: ", "))}"
    case .unknown(let kind, _): return "<\(kind)>"
    }
  }
}

extension Graph.InputRole {
  fileprivate var text: String {
    switch self {
    case .user: "USER_INPUT"
    case .parameter(let path): "PARAMETER target='\(path)'"
    case .buffer(let path, let persistent): "BUFFER target='\(path)' persistent=\(persistent ? "True" : "False")"
    case .constant(let path): "CONSTANT_TENSOR target='\(path)'"
    case .object(let path): "CUSTOM_OBJ target='\(path)'"
    case .fixed(let name): "CONSTANT '\(name)'"
    case .token: "TOKEN"
    case .unknown(let kind): kind
    }
  }
}

extension Graph.OutputRole {
  fileprivate var text: String {
    switch self {
    case .user: "USER_OUTPUT"
    case .loss: "LOSS_OUTPUT"
    case .bufferMutation(let path): "BUFFER_MUTATION target='\(path)'"
    case .parameterMutation(let path): "PARAMETER_MUTATION target='\(path)'"
    case .inputMutation(let name): "USER_INPUT_MUTATION target='\(name)'"
    case .parameterGradient(let path): "GRADIENT_TO_PARAMETER target='\(path)'"
    case .inputGradient(let name): "GRADIENT_TO_USER_INPUT target='\(name)'"
    case .token: "TOKEN"
    case .unknown(let kind): kind
    }
  }
}
