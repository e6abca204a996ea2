import Checkpoints
import OrderedCollections

extension ExportedProgram {
  /// Puts into the graph what the signature says of its inputs and outputs.
  static func readSignature(_ json: JSONValue?, into graph: inout Graph, file: String) throws(GraphError) {
    guard let inputs = json?["input_specs"]?.array, let outputs = json?["output_specs"]?.array,
      inputs.count == graph.inputs.count, outputs.count == graph.outputs.count
    else {
      throw .format(
        file: file, expected: "a signature of \(graph.inputs.count) inputs and \(graph.outputs.count) outputs",
        found: "another")
    }
    for (index, spec) in inputs.enumerated() {
      graph.inputs[index].role = inputRole(spec)
      graph.inputs[index].source = spec
    }
    for (index, spec) in outputs.enumerated() {
      graph.outputs[index].role = outputRole(spec)
      graph.outputs[index].source = spec
    }
  }

  private static func inputRole(_ spec: JSONValue) -> Graph.InputRole {
    guard let (kind, body) = spec.object?.elements.first.map({ ($0.key, $0.value) }) else { return .unknown("") }
    func text(_ key: String) -> String { body[key]?.string ?? "" }
    return switch kind {
    case "user_input": .user
    case "parameter": .parameter(text("parameter_name"))
    case "buffer": .buffer(text("buffer_name"), persistent: body["persistent"]?.bool ?? true)
    case "tensor_constant": .constant(text("tensor_constant_name"))
    case "custom_obj": .object(text("custom_obj_name"))
    case "constant_input": .fixed(text("name"))
    case "token": .token
    default: .unknown(kind)
    }
  }

  private static func outputRole(_ spec: JSONValue) -> Graph.OutputRole {
    guard let (kind, body) = spec.object?.elements.first.map({ ($0.key, $0.value) }) else { return .unknown("") }
    func text(_ key: String) -> String { body[key]?.string ?? "" }
    return switch kind {
    case "user_output": .user
    case "loss_output": .loss
    case "buffer_mutation": .bufferMutation(text("buffer_name"))
    case "parameter_mutation": .parameterMutation(text("parameter_name"))
    case "user_input_mutation": .inputMutation(text("user_input_name"))
    case "gradient_to_parameter": .parameterGradient(text("parameter_name"))
    case "gradient_to_user_input": .inputGradient(text("user_input_name"))
    case "token": .token
    default: .unknown(kind)
    }
  }

  static func spec(_ input: Graph.Input) -> JSONValue {
    let name: JSONValue = ["name": .string(input.name)]
    return switch input.role {
    case .user, .token, .unknown: ["user_input": ["arg": GraphWriter.json(input.argument)]]
    case .parameter(let path): ["parameter": ["arg": name, "parameter_name": .string(path)]]
    case .buffer(let path, let persistent):
      ["buffer": ["arg": name, "buffer_name": .string(path), "persistent": .bool(persistent)]]
    case .constant(let path): ["tensor_constant": ["arg": name, "tensor_constant_name": .string(path)]]
    case .object(let path): ["custom_obj": ["arg": name, "custom_obj_name": .string(path)]]
    case .fixed(let path): ["constant_input": ["name": .string(path), "value": GraphWriter.json(input.argument)]]
    }
  }

  static func spec(_ output: Graph.Output) -> JSONValue {
    let name: JSONValue = ["name": .string(output.argument.names.first ?? "")]
    return switch output.role {
    case .user, .token, .unknown: ["user_output": ["arg": GraphWriter.json(output.argument)]]
    case .loss: ["loss_output": ["arg": name]]
    case .bufferMutation(let path): ["buffer_mutation": ["arg": name, "buffer_name": .string(path)]]
    case .parameterMutation(let path): ["parameter_mutation": ["arg": name, "parameter_name": .string(path)]]
    case .inputMutation(let path): ["user_input_mutation": ["arg": name, "user_input_name": .string(path)]]
    case .parameterGradient(let path): ["gradient_to_parameter": ["arg": name, "parameter_name": .string(path)]]
    case .inputGradient(let path): ["gradient_to_user_input": ["arg": name, "user_input_name": .string(path)]]
    }
  }

  /// Puts into the graph how inputs and outputs are arranged.
  static func readTrees(_ module: JSONObject, into graph: inout Graph) {
    var fields: [String: [String]] = [:]
    for (type, definition) in module["treespec_namedtuple_fields"]?.object ?? [:] {
      fields[type] = definition["field_names"]?.array?.compactMap(\.string)
    }
    let entries = module["module_call_graph"]?.array ?? []
    guard let signature = entries.first(where: { $0["fqn"]?.string == "" })?["signature"] else { return }
    graph.inputTree = signature["in_spec"]?.string.flatMap { Tree($0, fields: fields) }
    graph.outputTree = signature["out_spec"]?.string.flatMap { Tree($0, fields: fields) }
  }
}
