import Checkpoints
import ONNXFormat
import OrderedCollections

/// Says an ONNX graph with PyTorch's operators, node by node, and follows shapes and small constants meanwhile.
///
/// Values keep their names; what a node needs in between is named after its first output. Weights stay as they are in the
/// file: what PyTorch lays out otherwise is transposed by a step of the graph.
final class ONNXLowering {
  let model: ONNXModelProto
  let table: ONNXOperatorTable
  /// The version of the default domain's operators.
  var opset: Int
  /// The entries of a tensor of the file.
  let content: (ONNXTensorProto) throws -> [UInt8]
  var graph = Graph(inputs: [], outputs: [], nodes: [], values: [:])
  /// Tensors of the graph's inputs that are not the caller's, by their paths.
  var tensors: OrderedDictionary<String, TensorProvenance> = [:]
  /// Nodes that are not followed.
  var refusals: [ONNXRefusal] = []
  /// What the values of the ONNX graph are, innermost scope last.
  var scopes: [[String: ONNXValue]] = [[:]]
  /// Where a symbol can be found when the model runs.
  var homes: [String: (value: String, axis: Int)] = [:]
  var symbolValues: [SymbolicExpression: String] = [:]
  var symbolCount = 0
  var taken: Set<String> = []
  /// Where the node under way stands in the file.
  var position = ONNXPosition(index: 0, isOutermost: true)
  /// For nodes of the outermost graph the values whose shapes went into their constants.
  var shapedInputs: [Int: Set<String>] = [:]
  let functions: [String: ONNXFunctionProto]
  var depth = 0
  var nodeCount = 0
  /// Constants of the new graph by what they hold.
  var materialised: [KnownTensor: String] = [:]
  /// What the node under way is called in messages.
  var label = ""
  /// Where its steps begin.
  var start = 0
  /// Whether a node that is not followed ends the lowering.
  var keepsNothing = false
  /// Types and shapes that the file says of values.
  var declared: [String: ONNXTypeProto] = [:]

  /// Tensors up to so many entries are looked into without being asked for.
  static let knownLimit = 4096

  /// Where the entries of a tensor of the new graph come from.
  enum TensorProvenance {
    /// A tensor of the file, under its name there.
    case file(ONNXTensorProto)
    /// Made while lowering.
    case made(KnownTensor)
  }

  init(
    _ model: ONNXModelProto, fixed: [String: KnownTensor] = [:], table: ONNXOperatorTable = .standard,
    content: @escaping (ONNXTensorProto) throws -> [UInt8]
  ) throws {
    (self.model, self.table, self.content) = (model, table, content)
    opset = Int(model.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version ?? 1)
    functions = Dictionary(
      model.functions.map { ("\($0.domain).\($0.name)", $0) }, uniquingKeysWith: { first, _ in first })
    if opset < 7 { throw ONNXGraphError.version(domain: "", found: opset) }
    for info in model.graph.valueInfo + model.graph.output { declared[info.name] = info.type }
    taken.formUnion(model.graph.input.map(\.name) + model.graph.initializer.map(\.name))
    for node in model.graph.node { taken.formUnion(node.output) }
    try readWeights(model.graph)
    try readInputs(fixed)
    for (index, node) in model.graph.node.enumerated() {
      position = ONNXPosition(index: index, isOutermost: true)
      try lower(node)
    }
    try readOutputs()
    // Weights first, as in exported models.
    graph.inputs =
      graph.inputs.filter { $0.role != .user } + graph.inputs.filter { $0.role == .user }
  }
}
