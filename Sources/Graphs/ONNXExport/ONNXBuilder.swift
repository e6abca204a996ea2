import Checkpoints
import ONNXFormat
import OrderedCollections

/// Writes a graph of ATen operators down in those of ONNX, node by node.
///
/// Each family of operators has a file under `Operators`; what they share is here: names, constants, numbers out of
/// arguments.
struct ONNXBuilder {
  /// Why a step cannot be written.
  struct Problem: Error {
    var reason: String
    init(_ reason: String) { self.reason = reason }
  }

  /// Writes one step; gives ONNX's names of its results, in order.
  typealias Rule = @Sendable (inout ONNXBuilder, Node) throws -> [String]

  let graph: Graph
  let opset: Int
  private(set) var nodes: [ONNXNodeProto] = []
  /// Small tensors that operators take: axes, shapes, scalars.
  private(set) var constants: [ONNXTensorProto] = []
  /// ONNX's name of each value of the graph, as it stands after the steps so far.
  var names: [String: String] = [:]
  /// Which values are parts of others.
  var views = ONNXViews()
  /// Tensors that are one number everywhere: that number, without dimensions.
  var fills: [String: String] = [:]
  /// Numbers that the graph computes from sizes: tensors of one entry, one dimension.
  var numbers: [String: String] = [:]
  private var taken: Set<String>
  private var known: [String: String] = [:]
  /// The step that is being written.
  private var current = ""

  init(_ graph: Graph, opset: Int, taken: Set<String>) {
    (self.graph, self.opset, self.taken) = (graph, opset, taken)
  }
}

// MARK: What has been written

extension ONNXBuilder {
  /// A name that nothing has yet.
  mutating func fresh(_ wanted: String) -> String {
    var name = wanted
    var number = 1
    while !taken.insert(name).inserted {
      name = "\(wanted)_\(number)"
      number += 1
    }
    return name
  }

  /// Writes a node of one result; gives its name.
  @discardableResult
  mutating func emit(_ operation: String, _ inputs: [String], _ attributes: [ONNXAttributeProto] = []) -> String {
    emit(operation, inputs, attributes, count: 1)[0]
  }

  /// Writes a node of several results; gives their names.
  mutating func emit(
    _ operation: String, _ inputs: [String], _ attributes: [ONNXAttributeProto] = [], count: Int
  ) -> [String] {
    var node = ONNXNodeProto()
    node.opType = operation
    node.input = inputs
    node.output = (0..<count).map { _ in fresh("\(current)/\(operation)") }
    node.attribute = attributes
    nodes.append(node)
    return node.output
  }

  /// Writes a step of the graph: with its module in the nodes' names, and its results under their own names.
  mutating func write(_ node: Node, _ rule: Rule) throws {
    let first = nodes.count
    current = node.outputNames.first ?? node.baseName
    var results = try rule(&self, node)
    // What the last node gives gets the graph's name.
    if nodes.count > first {
      for (place, name) in zip(results.indices, node.outputNames) {
        guard let output = nodes[nodes.count - 1].output.firstIndex(of: results[place]) else { continue }
        let own = fresh(name)
        fills[own] = fills.removeValue(forKey: results[place])
        nodes[nodes.count - 1].output[output] = own
        results[place] = own
      }
    }
    for index in first..<nodes.count {
      let path = node.modulePath
      nodes[index].name = fresh("\(path.isEmpty ? "" : path + "/")\(current)/\(nodes[index].opType)")
    }
    for (name, result) in zip(node.outputNames, results) { names[name] = result }
  }

  /// Gives a value another name, wherever it is used.
  mutating func rename(_ old: String, to new: String) {
    for index in nodes.indices {
      for place in nodes[index].input.indices where nodes[index].input[place] == old { nodes[index].input[place] = new }
      for place in nodes[index].output.indices where nodes[index].output[place] == old {
        nodes[index].output[place] = new
      }
    }
    for (name, value) in names where value == old { names[name] = new }
  }

  /// Takes out nodes whose results nobody needs, and constants that nobody takes.
  mutating func removeDead(keeping outputs: [String]) {
    var needed = Set(outputs)
    var kept: [ONNXNodeProto] = []
    for node in nodes.reversed() where node.output.contains(where: needed.contains) {
      needed.formUnion(node.input)
      kept.append(node)
    }
    nodes = kept.reversed()
    constants.removeAll { !needed.contains($0.name) }
  }
}

// MARK: Constants

extension ONNXBuilder {
  /// A tensor of whole numbers, one dimension.
  mutating func ints(_ values: [Int]) -> String {
    constant(type: .i64, shape: [values.count], values.map { Double($0) }, key: "i\(values)", exact: values)
  }

  /// A single whole number without dimensions.
  mutating func int(_ value: Int) -> String {
    constant(type: .i64, shape: [], [Double(value)], key: "s\(value)", exact: [value])
  }

  /// A single number without dimensions.
  mutating func scalar(_ value: Double, _ type: StoredType?) throws -> String {
    let type = type ?? .f32
    guard type == .bool || type.isFloat || type.isWhole else { throw Problem("a constant of type \(type)") }
    return constant(type: type, shape: [], [value], key: "\(type)\(value)")
  }

  /// A tensor whose entries are all the same, or as given.
  mutating func tensor(_ values: [Double], shape: [Int], _ type: StoredType) -> String {
    constant(type: type, shape: shape, values, key: nil)
  }

  private mutating func constant(
    type: StoredType, shape: [Int], _ values: [Double], key: String?, exact: [Int]? = nil
  ) -> String {
    if let key, let name = known[key] { return name }
    var tensor = ONNXTensorProto()
    tensor.name = fresh("constant")
    tensor.dims = shape.map(Int64.init)
    tensor.dataType = Int32(type.onnxCode ?? 1)
    if let exact {
      tensor.rawData = ONNXScalars.data(exact)
    } else {
      tensor.rawData = ONNXScalars.data(values, type)
    }
    constants.append(tensor)
    if let key { known[key] = tensor.name }
    return tensor.name
  }
}

// MARK: Arguments

extension ONNXBuilder {
  /// What is known of a value of the graph.
  func type(_ name: String?) -> TensorType? { name.flatMap { graph.values[$0]?.tensor } }

  /// What is known of an argument that is a tensor.
  func type(_ node: Node, _ argument: String) -> TensorType? { type(node[argument]?.names.first) }

  /// The number of dimensions of an argument that is a tensor.
  func rank(_ node: Node, _ argument: String) throws -> Int {
    guard let type = type(node, argument) else { throw Problem("'\(argument)' is of unknown shape") }
    return type.sizes.count
  }

  /// A dimension counted from the first.
  func dimension(_ value: Int, rank: Int) -> Int { value < 0 ? value + rank : value }

  /// A dimension that is an argument, counted from the first.
  func dimension(_ node: Node, _ argument: String, rank: Int, or other: Int) throws -> Int {
    dimension(try number(node, argument, or: other), rank: rank)
  }

  /// ONNX's name of an argument that is a tensor; nil where it is absent.
  mutating func optional(_ node: Node, _ argument: String) throws -> String? {
    switch node[argument] {
    case nil, .none?, .optionalTensor(nil)?: return nil
    case .tensor(let name)?, .optionalTensor(let name?)?: return try value(name)
    default: throw Problem("'\(argument)' is no tensor")
    }
  }

  /// ONNX's name of an argument that is a tensor.
  mutating func value(_ node: Node, _ argument: String) throws -> String {
    guard let name = try optional(node, argument) else { throw Problem("there is no '\(argument)'") }
    return name
  }

  /// ONNX's name of a value of the graph, as it stands now.
  mutating func value(_ name: String) throws -> String {
    try refresh(name)
    guard let found = names[name] else { throw Problem("'\(name)' is not known") }
    return found
  }

  /// A whole number that is an argument.
  func number(_ node: Node, _ argument: String, or other: Int) throws -> Int {
    switch node[argument] {
    case nil, .none?: return other
    case .int(let value)?, .symbolicInt(.constant(let value))?: return value
    default: throw Problem("'\(argument)' is no constant number")
    }
  }

  /// Whole numbers that are an argument: `count` of them, a single one repeated; `other` where it is absent or empty.
  func numbers(_ node: Node, _ argument: String, count: Int, or other: Int) throws -> [Int] {
    let list = try numbers(node, argument) ?? []
    if list.isEmpty { return Array(repeating: other, count: count) }
    return list.count == 1 ? Array(repeating: list[0], count: count) : list
  }

  /// Whole numbers that are an argument; nil where it is absent.
  func numbers(_ node: Node, _ argument: String) throws -> [Int]? {
    switch node[argument] {
    case nil, .none?: return nil
    case .int(let value)?: return [value]
    case .ints(let list)?: return list
    case .symbolicInts(let list)?:
      let fixed = list.compactMap { if case .constant(let value) = $0 { value } else { nil } }
      if fixed.count == list.count { return fixed }
      throw Problem("'\(argument)' depends on sizes")
    default: throw Problem("'\(argument)' is no list of numbers")
    }
  }

  /// A real number that is an argument.
  func real(_ node: Node, _ argument: String, or other: Double) throws -> Double {
    switch node[argument] {
    case nil, .none?: return other
    case .float(let value)?, .symbolicFloat(.constant(let value))?: return value
    case .int(let value)?, .symbolicInt(.constant(let value))?: return Double(value)
    case .bool(let value)?: return value ? 1 : 0
    default: throw Problem("'\(argument)' is no constant number")
    }
  }

  /// A truth value that is an argument.
  func flag(_ node: Node, _ argument: String, or other: Bool = false) throws -> Bool {
    switch node[argument] {
    case nil, .none?: return other
    case .bool(let value)?, .symbolicBool(.constant(let value))?: return value
    default: throw Problem("'\(argument)' is no constant")
    }
  }
}
