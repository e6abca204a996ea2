import Checkpoints
import ONNXFormat
import OrderedCollections

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Says steps of a changed graph as ONNX nodes again: those that can change where channels go.
struct ONNXEmitter {
  /// The version of the default domain's operators.
  let opset: Int
  let graph: Graph
  /// Where in the new graph each value is given.
  private let givers: [String: Node]
  /// Names of the ONNX graph.
  private(set) var taken: Set<String>
  /// Nodes made, and constants that they take.
  private(set) var nodes: [ONNXNodeProto] = []
  private(set) var constants: [ONNXTensorProto] = []
  private var numbers: [String: String] = [:]
  /// Other names of values in the file.
  var renamed: [String: String] = [:]

  /// Constants of the graph that the file does not have, by their names; each becomes one once it is taken.
  private let made: [String: KnownTensor]

  init(_ graph: Graph, opset: Int, taken: Set<String>, made: [String: KnownTensor]) {
    (self.graph, self.opset, self.taken, self.made) = (graph, opset, taken, made)
    givers = Dictionary(
      graph.nodes.flatMap { node in node.outputNames.map { ($0, node) } }, uniquingKeysWith: { first, _ in first })
  }

  /// The nodes made since the last call; numbers that they computed are computed anew by those that follow.
  mutating func takeNodes() -> [ONNXNodeProto] {
    defer {
      nodes = []
      numbers = [:]
    }
    return nodes
  }

  mutating func free(_ stem: String) -> String {
    var (name, number) = (stem, 1)
    while !taken.insert(name).inserted {
      name = "\(stem)_\(number)"
      number += 1
    }
    return name
  }

  private func fault(_ node: Node) -> ONNXGraphError {
    .unsupported(
      ONNXRefusal(
        operation: node.operatorName ?? node.target, node: node.modulePath,
        reason: "what became of it cannot be said in ONNX again"))
  }

  // MARK: constants

  mutating func constant(_ numbers: [Int], _ stem: String, isScalar: Bool = false) -> String {
    constant(KnownTensor(.i64, isScalar ? [] : [numbers.count], numbers.map { .int($0) }), stem)
  }

  mutating func constant(_ known: KnownTensor, _ stem: String) -> String {
    var tensor = ONNXTensorProto()
    tensor.name = free(stem)
    tensor.dims = known.shape.map { Int64($0) }
    tensor.dataType = Int32(known.type.onnxCode ?? 0)
    tensor.rawData = .init(known.bytes ?? [])
    constants.append(tensor)
    return tensor.name
  }

  // MARK: nodes

  mutating func append(
    _ type: String, _ inputs: [String], _ outputs: [String], ints: [(String, Int)] = [], lists: [(String, [Int])] = [],
    like node: Node
  ) {
    var made = ONNXNodeProto()
    made.opType = type
    made.input = inputs
    made.output = outputs
    made.name = free("\(node.modulePath).\(type.lowercased())")
    for (name, value) in ints { made.attribute.append(.int(name, value)) }
    for (name, values) in lists { made.attribute.append(.ints(name, values)) }
    nodes.append(made)
  }

  private mutating func name(_ node: Node, _ argument: String = "self") throws -> String {
    guard case .tensor(let name)? = node[argument] else { throw fault(node) }
    return inFile(name)
  }

  /// The name in the file of a value of the graph.
  private mutating func inFile(_ name: String) -> String {
    if let other = renamed[name] { return other }
    guard let known = made[name] else { return name }
    let other = constant(known, "\(name)_constant")
    renamed[name] = other
    return other
  }

  private func int(_ node: Node, _ argument: String, _ standard: Int? = nil) throws -> Int {
    switch node[argument] {
    case .int(let value)?, .symbolicInt(.constant(let value))?: return value
    case nil, Argument.none?:
      if let standard { return standard }
      throw fault(node)
    default: throw fault(node)
    }
  }

  /// A list of sizes as a tensor: a constant, or put together when the model runs.
  ///
  /// - Parameter open: what stands for the size that there is already; -1 for sizes of views, 1 where they are broadcast.
  private mutating func sizes(_ node: Node, _ argument: String, _ stem: String, open: Int = -1) throws -> String {
    func said(_ size: Int) -> Int { size == -1 ? open : size }
    switch node[argument] {
    case .ints(let values)?: return constant(values.map(said), stem)
    case .symbolicInts(let list)?:
      var parts: [String] = []
      for entry in list {
        switch entry {
        case .constant(let value): parts.append(constant([said(value)], stem))
        case .name(let name): parts.append(try number(name, like: node))
        }
      }
      let result = free(stem)
      append("Concat", parts, [result], ints: [("axis", 0)], like: node)
      return result
    default: throw fault(node)
    }
  }

  /// A number that the graph computes, as a tensor of one entry.
  private mutating func number(_ name: String, like node: Node) throws -> String {
    if let made = numbers[name] { return made }
    guard let giver = givers[name] else { throw fault(node) }
    let result = free(name)
    if giver.baseName == "sym_size" {
      let shape = free("\(name)_shape")
      append("Shape", [try self.name(giver)], [shape], like: node)
      append(
        "Gather", [shape, constant([try int(giver, "dim")], "\(name)_axis")], [result], ints: [("axis", 0)], like: node)
    } else {
      let operations = [
        "_operator.add": "Add", "_operator.mul": "Mul", "_operator.floordiv": "Div", "torch.sym_max": "Max",
        "torch.sym_min": "Min",
      ]
      guard let operation = operations[giver.target] else { throw fault(node) }
      var operands: [String] = []
      for input in giver.inputs {
        switch input.argument {
        case .int(let value): operands.append(constant([value], name))
        case .symbolicInt(.name(let other)): operands.append(try number(other, like: node))
        default: throw fault(node)
        }
      }
      append(operation, operands, [result], like: node)
    }
    numbers[name] = result
    return result
  }

  /// Says a step as nodes.
  mutating func emit(_ node: Node) throws {
    let outputs = node.outputNames.map { renamed[$0] ?? $0 }
    guard let output = outputs.first else { throw fault(node) }
    switch node.baseName {
    case "sym_size": return  // said where it is taken
    case "reshape", "view":
      let argument = node.baseName == "view" ? "size" : "shape"
      append("Reshape", [try name(node), try sizes(node, argument, "\(output)_shape")], [output], like: node)
    case "split_with_sizes":
      guard case .ints(let parts)? = node["split_sizes"] else { throw fault(node) }
      let axis = try int(node, "dim", 0)
      if opset >= 13 {
        append(
          "Split", [try name(node), constant(parts, "\(output)_split")], outputs, ints: [("axis", axis)], like: node)
      } else {
        append("Split", [try name(node)], outputs, ints: [("axis", axis)], lists: [("split", parts)], like: node)
      }
    case "slice":
      try slice(node, output)
    case "select":
      append(
        "Gather", [try name(node), constant([try int(node, "index")], "\(output)_index", isScalar: true)], [output],
        ints: [("axis", try int(node, "dim"))], like: node)
    case "index_select":
      append(
        "Gather", [try name(node), try name(node, "index")], [output], ints: [("axis", try int(node, "dim"))],
        like: node)
    case "expand":
      append("Expand", [try name(node), try sizes(node, "size", "\(output)_shape", open: 1)], [output], like: node)
    case "repeat":
      append("Tile", [try name(node), try sizes(node, "repeats", "\(output)_repeats")], [output], like: node)
    case "zeros", "full", "ones":
      try full(node, output)
    case "constant_pad_nd", "pad":
      try pad(node, output)
    case "mul" where node.operatorName == "aten::mul.Scalar":
      guard let type = graph.values[node.outputNames[0]]?.tensor?.dtype, case .float(let factor)? = node["other"] else {
        throw fault(node)
      }
      append(
        "Mul", [try name(node), constant(KnownTensor(type, [], [.real(factor)]), "\(output)_scale")], [output],
        like: node)
    case "masked_fill":
      guard let type = graph.values[node.outputNames[0]]?.tensor?.dtype, case .float(let value)? = node["value"] else {
        throw fault(node)
      }
      let filling = constant(KnownTensor(type, [], [.real(value)]), "\(output)_value")
      append("Where", [try name(node, "mask"), filling, try name(node)], [output], like: node)
    case "unflatten":
      try reshapeTo(graph.values[node.outputNames[0]]?.tensor?.sizes, node, output)
    case "permute":
      guard case .ints(let order)? = node["dims"] else { throw fault(node) }
      append("Transpose", [try name(node)], [output], lists: [("perm", order)], like: node)
    case "transpose":
      guard let rank = graph.values[node.outputNames[0]]?.tensor?.sizes.count else { throw fault(node) }
      var order = Array(0..<rank)
      order.swapAt(try int(node, "dim0"), try int(node, "dim1"))
      append("Transpose", [try name(node)], [output], lists: [("perm", order)], like: node)
    case "unsqueeze":
      let axis = try int(node, "dim")
      if opset >= 13 {
        append("Unsqueeze", [try name(node), constant([axis], "\(output)_axes")], [output], like: node)
      } else {
        append("Unsqueeze", [try name(node)], [output], lists: [("axes", [axis])], like: node)
      }
    case "cat":
      guard case .tensors(let names)? = node["tensors"] else { throw fault(node) }
      append(
        "Concat", names.map { inFile($0) }, [output], ints: [("axis", try int(node, "dim", 0))], like: node)
    case "flatten":
      if node["start_dim"] == .int(1), node["end_dim"] == .int(-1) {
        append("Flatten", [try name(node)], [output], ints: [("axis", 1)], like: node)
      } else {
        try reshapeTo(graph.values[node.outputNames[0]]?.tensor?.sizes, node, output)
      }
    case "add", "mul", "sub":
      guard node.operatorName?.hasSuffix(".Tensor") == true else { throw fault(node) }
      append(
        node.baseName.prefix(1).uppercased() + node.baseName.dropFirst(), [try name(node), try name(node, "other")],
        [output], like: node)
    default:
      if ["_operator.add", "_operator.mul", "_operator.floordiv", "torch.sym_max", "torch.sym_min"].contains(
        node.target)
      {
        return
      }
      throw fault(node)
    }
  }

  /// A view of known sizes but for one.
  private mutating func reshapeTo(_ sizes: [SymbolicSize]?, _ node: Node, _ output: String) throws {
    guard let sizes, sizes.count(where: { $0.fixed == nil }) <= 1 else { throw fault(node) }
    append(
      "Reshape", [try name(node), constant(sizes.map { $0.fixed ?? -1 }, "\(output)_shape")], [output], like: node)
  }

  private mutating func slice(_ node: Node, _ output: String) throws {
    let (axis, start) = (try int(node, "dim", 0), try int(node, "start", 0))
    let (end, by) = (try int(node, "end", .max), try int(node, "step", 1))
    if opset >= 10 {
      let inputs = [
        try name(node), constant([start], "\(output)_start"), constant([end], "\(output)_end"),
        constant([axis], "\(output)_axis"), constant([by], "\(output)_step"),
      ]
      append("Slice", inputs, [output], like: node)
    } else {
      guard by == 1 else { throw fault(node) }
      append(
        "Slice", [try name(node)], [output], lists: [("starts", [start]), ("ends", [end]), ("axes", [axis])], like: node
      )
    }
  }

  private mutating func full(_ node: Node, _ output: String) throws {
    guard let type = graph.values[node.outputNames[0]]?.tensor?.dtype else { throw fault(node) }
    var entry = KnownTensor.Entry.real(node.baseName == "ones" ? 1 : 0)
    switch node["fill_value"] {
    case .float(let value)?: entry = .real(value)
    case .int(let value)?: entry = type.isFloat ? .real(Double(value)) : .int(value)
    case .bool(let value)?: entry = .int(value ? 1 : 0)
    default: if !type.isFloat { entry = .int(node.baseName == "ones" ? 1 : 0) }
    }
    append("ConstantOfShape", [try sizes(node, "size", "\(output)_shape")], [output], like: node)
    var tensor = ONNXTensorProto()
    tensor.dims = [1]
    tensor.dataType = Int32(type.onnxCode ?? 0)
    tensor.rawData = .init(KnownTensor(type, [1], [entry]).bytes ?? [])
    nodes[nodes.count - 1].attribute.append(.tensor("value", tensor))
  }

  private mutating func pad(_ node: Node, _ output: String) throws {
    guard case .ints(let amounts)? = node["pad"], let type = graph.values[node.outputNames[0]]?.tensor,
      node["mode"] == nil || node["mode"] == .string("constant"), opset >= 11, let dtype = type.dtype
    else { throw fault(node) }
    let rank = type.sizes.count
    var (before, after) = ([Int](repeating: 0, count: rank), [Int](repeating: 0, count: rank))
    for index in 0..<amounts.count / 2 {
      (before[rank - 1 - index], after[rank - 1 - index]) = (amounts[2 * index], amounts[2 * index + 1])
    }
    var value = KnownTensor.Entry.real(0)
    switch node["value"] {
    case .float(let number)?: value = .real(number)
    case .int(let number)?: value = dtype.isFloat ? .real(Double(number)) : .int(number)
    default: if !dtype.isFloat { value = .int(0) }
    }
    append(
      "Pad",
      [
        try name(node), constant(before + after, "\(output)_pads"),
        constant(KnownTensor(dtype, [], [value]), "\(output)_value"),
      ], [output], like: node)
  }
}
