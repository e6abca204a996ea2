import Checkpoints
import OrderedCollections

/// Reads a graph out of the JSON of an exported model.
struct GraphReader {
  let file: String
  /// Graphs within graphs.
  var depth = 0

  func fault(_ expected: String, _ found: String) -> GraphError {
    .format(file: file, expected: expected, found: found)
  }

  /// A nested graph, or the body of the outermost.
  func graph(_ json: JSONValue?) throws(GraphError) -> Graph {
    guard depth < 16 else { throw fault("graphs nested at most 16 deep", "more") }
    guard var shell = json?.object else { throw fault("a graph", "none") }
    var inputs: [Graph.Input] = []
    for input in try list(shell["inputs"], "inputs") { inputs.append(Graph.Input(try argument(input))) }
    var outputs: [Graph.Output] = []
    for output in try list(shell["outputs"], "outputs") { outputs.append(Graph.Output(try argument(output))) }
    var nodes: [Node] = []
    for node in try list(shell["nodes"], "nodes") { nodes.append(try self.node(node)) }
    var values: OrderedDictionary<String, Value> = [:]
    for (key, kind) in Self.valueKinds {
      guard let members = shell[key]?.object else { continue }
      for (name, json) in members {
        guard values.updateValue(Value(try value(json, kind), source: json), forKey: name) == nil else {
          throw fault("each value once", "\(quoted(name)) twice")
        }
      }
    }
    for key in ["inputs", "outputs", "nodes"] + Self.valueKinds.map(\.key) where shell[key] != nil {
      shell[key] = .null
    }
    var graph = Graph(inputs: inputs, outputs: outputs, nodes: nodes, values: values)
    graph.shell = shell
    return graph
  }

  /// The five tables of values.
  enum ValueTable { case tensor, int, bool, float, object }
  static let valueKinds: [(key: String, kind: ValueTable)] = [
    ("tensor_values", .tensor), ("sym_int_values", .int), ("sym_bool_values", .bool), ("sym_float_values", .float),
    ("custom_obj_values", .object),
  ]

  private func value(_ json: JSONValue, _ kind: ValueTable) throws(GraphError) -> Value.Kind {
    switch kind {
    case .tensor: .tensor(try tensor(json))
    case .int: .int(try size(json))
    case .bool: .bool
    case .float: .float
    case .object: .object(json["class_fqn"]?.string ?? "")
    }
  }

  func tensor(_ json: JSONValue) throws(GraphError) -> TensorType {
    var lists: [[SymbolicSize]] = []
    for key in ["sizes", "strides"] {
      var sizes: [SymbolicSize] = []
      for one in try list(json[key], key) { sizes.append(try size(one)) }
      lists.append(sizes)
    }
    return TensorType(
      dtype: json["dtype"]?.int.flatMap(StoredType.init(exportCode:)), sizes: lists[0], strides: lists[1],
      storageOffset: try json["storage_offset"].map { (json) throws(GraphError) in try size(json) } ?? .fixed(0),
      requiresGrad: json["requires_grad"]?.bool ?? false, device: device(json["device"]),
      layout: Layout(rawValue: json["layout"]?.int ?? 7))
  }

  func size(_ json: JSONValue) throws(GraphError) -> SymbolicSize {
    if let size = json["as_int"]?.int { return .fixed(size) }
    guard let expression = json["as_expr"], let text = expression["expr_str"]?.string else {
      throw fault("a size", "another value")
    }
    return .symbolic(SymbolicExpression(text), hint: expression["hint"]?["as_int"]?.int)
  }

  private func device(_ json: JSONValue?) -> DeviceName {
    DeviceName(json?["type"]?.string ?? "cpu", index: json?["index"]?.int)
  }

  func node(_ json: JSONValue) throws(GraphError) -> Node {
    guard var shell = json.object, let target = shell["target"]?.string else { throw fault("a node", "none") }
    var inputs: [NamedArgument] = []
    for input in try list(shell["inputs"], "inputs of \(quoted(target))") {
      guard let name = input["name"]?.string, let json = input["arg"] else {
        throw fault("an argument of \(quoted(target)) with a name", "another value")
      }
      inputs.append(NamedArgument(name, try argument(json), kind: input["kind"]?.int, source: input))
    }
    var outputs: [Argument] = []
    for output in try list(shell["outputs"], "outputs of \(quoted(target))") { outputs.append(try argument(output)) }
    var metadata: OrderedDictionary<String, String> = [:]
    for (key, value) in shell["metadata"]?.object ?? [:] { metadata[key] = value.string }
    let name = shell["name"]?.string
    for key in ["target", "inputs", "outputs", "name", "metadata"] where shell[key] != nil { shell[key] = .null }
    var node = Node(target, inputs, outputs: outputs, metadata: metadata, name: name)
    node.shell = shell
    return node
  }

  func list(_ json: JSONValue?, _ what: String) throws(GraphError) -> [JSONValue] {
    guard let list = json?.array else { throw fault("a list of \(what)", "none") }
    return list
  }

  func quoted(_ text: String) -> String { "\"\(text.prefix(80))\"" }
}
