import Checkpoints
import OrderedCollections

extension Graph {
  /// The JSON of an exported program with this graph, for a model that is written for the first time; a graph that was
  /// read is written by ``ExportedProgram``.
  ///
  /// - Parameter modules: the paths of all modules, which some tools list.
  /// - Throws: ``GraphError/invalid(_:)`` for a graph that contradicts itself.
  public func exportedText(modules: [String] = []) throws(GraphError) -> [UInt8] {
    try verify()
    let names = userInputs.map(\.name)
    let inputTree = inputTree ?? .arguments(count: names.count)
    let outputTree = outputTree ?? (userOutputs.count == 1 ? .leaf : .tuple(count: userOutputs.count))
    let signature: JSONValue = [
      "inputs": .array([]), "outputs": .array([]), "in_spec": .string(inputTree.text),
      "out_spec": .string(outputTree.text), "forward_arg_names": .array(names.map(JSONValue.string)),
    ]
    var calls: [JSONValue] = [["fqn": .string(""), "signature": signature]]
    calls += modules.filter { !$0.isEmpty }.map { ["fqn": .string($0), "signature": .null] }
    let module: JSONValue = [
      "graph": GraphWriter.json(self),
      "signature": [
        "input_specs": .array(inputs.map(ExportedProgram.spec)),
        "output_specs": .array(outputs.map(ExportedProgram.spec)),
      ],
      "module_call_graph": .array(calls), "metadata": [:], "treespec_namedtuple_fields": [:],
    ]
    let document: JSONValue = [
      "graph_module": module, "opset_version": ["aten": .int(10)],
      "range_constraints": ExportedProgram.constraints(ranges),
      "schema_version": ["major": .int(ExportedProgram.schemaMajor), "minor": .int(20)],
      "verifiers": .array([.string("TRAINING")]), "torch_version": .string("2.13.0"), "guards_code": .array([]),
    ]
    return document.text
  }
}

extension Tree {
  /// A tuple of leaves.
  public static func tuple(count: Int) -> Tree { tuple([Tree](repeating: .leaf, count: count)) }

  /// The arguments of a call: so many by position, none by name.
  public static func arguments(count: Int) -> Tree {
    tuple([tuple(count: count), Tree(type: "builtins.dict", keys: [], children: [])])
  }

  private static func tuple(_ children: [Tree]) -> Tree {
    Tree(type: "builtins.tuple", keys: children.indices.map(String.init), children: children)
  }

  /// The text that exported models keep: of tuples, lists, dictionaries with texts as keys, and leaves.
  var text: String { String(decoding: JSONValue.array([.int(1), json]).text, as: UTF8.self) }

  private var json: JSONValue {
    guard let type else { return ["type": .null, "context": .null, "children_spec": .array([])] }
    let context: JSONValue = type.hasSuffix("ict") ? .array(keys.map(JSONValue.string)) : .null
    return [
      "type": .string(type), "context": .string(String(decoding: context.text, as: UTF8.self)),
      "children_spec": .array(children.map(\.json)),
    ]
  }
}
