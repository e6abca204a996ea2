import Checkpoints
import ONNXFormat
import OrderedCollections

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A graph written down as an ONNX model.
///
/// Operators keep to one version of ONNX's (18 unless told, up to 23); sizes that are symbols stay free, the batch by that
/// name. Weights keep their names; what a model has in steps in place becomes new values.
struct ONNXExport {
  /// The versions of ONNX's operators that can be written.
  static let opsets = 18...23

  private(set) var model = ONNXModelProto()
  /// The tensors of the model, in the order of its initialisers: ONNX's name, and that in the state dict or among the
  /// constants.
  private(set) var tensors: [(name: String, path: String, isConstant: Bool)] = []

  /// Writes a graph down.
  ///
  /// - Parameters:
  ///   - graph: The graph.
  ///   - opset: The version of the operators.
  ///   - isBuffer: Whether a buffer that is not persistent lies among the constants.
  /// - Throws: ``GraphError/notInONNX(_:)`` with every step that cannot be written.
  init(_ graph: Graph, opset: Int) throws {
    guard Self.opsets.contains(opset) else {
      throw GraphError.notInONNX(["operators of version \(opset) are asked for, and 18 to 23 are written"])
    }
    let paths = Set(graph.inputs.compactMap(\.role.path))
    // Outputs get their names at the end; nothing else may have them before, but for inputs.
    let reserved = paths.union(Set(graph.outputNames).subtracting(graph.userInputs.map(\.name)))
    var builder = ONNXBuilder(graph, opset: opset, taken: reserved)
    var problems: [String] = []
    var inputs: [ONNXValueInfoProto] = []
    let symbols = Self.symbols(graph)
    for input in graph.inputs where !input.name.isEmpty {
      switch input.role {
      case .user:
        let name = builder.fresh(input.name)
        builder.names[input.name] = name
        if let type = graph.values[input.name]?.tensor {
          inputs.append(Self.info(name, type, symbols))
        } else {
          problems.append("input '\(input.name)' is no tensor")
        }
      case .parameter(let path), .buffer(let path, _), .constant(let path): builder.names[input.name] = path
      default: problems.append("input '\(input.name)' is neither a tensor of the caller's nor of the model's")
      }
    }
    for node in graph.nodes {
      do {
        try Self.write(node, into: &builder)
      } catch let problem as ONNXBuilder.Problem {
        let place = node.modulePath.isEmpty ? "" : " of '\(node.modulePath)'"
        problems.append("\(node.operatorName ?? node.target)\(place): \(problem.reason)")
        for name in node.outputNames { builder.names[name] = builder.names[name] ?? name }
      }
    }
    guard problems.isEmpty else { throw GraphError.notInONNX(problems) }
    let outputs = try Self.outputs(graph, &builder, inputs: Set(inputs.map(\.name)), paths: paths, symbols)
    builder.removeDead(keeping: outputs.map(\.name))
    let used = builder.nodes.reduce(into: Set<String>()) { $0.formUnion($1.input) }
    for input in graph.inputs {
      guard let path = input.role.path, used.contains(path) else { continue }
      let isConstant: Bool
      switch input.role {
      case .constant, .buffer(_, persistent: false): isConstant = true
      default: isConstant = false
      }
      tensors.append((path, path, isConstant))
    }
    model.irVersion = opset >= 23 ? 11 : opset >= 21 ? 10 : opset >= 19 ? 9 : 8
    model.producerName = "bonsai"
    var version = ONNXOperatorSetIdProto()
    version.domain = ""
    version.version = Int64(opset)
    model.opsetImport = [version]
    model.graph.name = "main"
    model.graph.node = builder.nodes
    model.graph.input = inputs
    model.graph.output = outputs
    model.graph.initializer = builder.constants
  }

  private static func write(_ node: Node, into builder: inout ONNXBuilder) throws {
    guard !ONNXOperators.checks.contains(node.baseName) else { return }
    guard node.graphs.isEmpty else { throw ONNXBuilder.Problem("it runs a graph of its own") }
    if try builder.writeNumber(node) { return }
    guard let rule = ONNXOperators.rule(node) else { throw ONNXBuilder.Problem("no way to write it is known") }
    if ONNXOperators.isInPlace(node), let name = (node["self"] ?? node["input"])?.names.first {
      let before = try builder.value(name)
      try builder.write(node, rule)
      if let result = node.outputNames.first.flatMap({ builder.names[$0] }), result != before {
        try builder.changed(name, to: result)
        if let output = node.outputNames.first, let now = builder.names[name] { builder.names[output] = now }
      }
      return
    }
    try builder.write(node, rule)
    builder.noteViews(node)
  }

  /// The outputs under the names that callers know; each is given by a node of its own.
  private static func outputs(
    _ graph: Graph, _ builder: inout ONNXBuilder, inputs: Set<String>, paths: Set<String>, _ symbols: [String: String]
  ) throws -> [ONNXValueInfoProto] {
    var outputs: [ONNXValueInfoProto] = []
    var taken: Set<String> = []
    for (wanted, output) in zip(graph.outputNames, graph.userOutputs) {
      guard case .tensor(let name) = output.argument, let type = graph.values[name]?.tensor else {
        throw GraphError.notInONNX(["output '\(wanted)' is no tensor"])
      }
      var value = try builder.value(name)
      if inputs.contains(value) || paths.contains(value) || taken.contains(value) {
        value = builder.emit("Identity", [value])
      }
      let own = inputs.contains(wanted) || paths.contains(wanted) ? builder.fresh(wanted) : wanted
      builder.rename(value, to: own)
      taken.insert(own)
      outputs.append(info(own, type, symbols))
    }
    return outputs
  }

  /// What symbols are called: the batch so, others as they are.
  private static func symbols(_ graph: Graph) -> [String: String] {
    let first = graph.userInputs.lazy.compactMap { graph.values[$0.name]?.tensor?.sizes.first }.first
    guard case .symbolic(.symbol(let name), _)? = first else { return [:] }
    return [name: "batch"]
  }

  private static func info(_ name: String, _ type: TensorType, _ symbols: [String: String]) -> ONNXValueInfoProto {
    var info = ONNXValueInfoProto()
    info.name = name
    info.type.tensorType.elemType = Int32(type.dtype?.onnxCode ?? 1)
    info.type.tensorType.shape.dim = type.sizes.map { size in
      var dimension = ONNXTensorShapeProto.Dimension()
      switch size {
      case .fixed(let number): dimension.dimValue = Int64(number)
      case .symbolic(.symbol(let symbol), _): dimension.dimParam = symbols[symbol] ?? symbol
      case .symbolic(let expression, _): dimension.dimParam = "\(expression)"
      }
      return dimension
    }
    return info
  }

  /// Writes the model.
  ///
  /// - Parameters:
  ///   - path: The target.
  ///   - replacing: Whether an existing file may be replaced.
  ///   - metadata: Text for `metadata_props`.
  ///   - sharing: For a tensor that lies in the memory of one before it, that one's path.
  ///   - progress: Called after each block; may throw to stop.
  ///   - source: The entries of a tensor by its path.
  func write(
    to path: String, replacing: Bool, metadata: CheckpointMetadata = [:], sharing: (String) -> String? = { _ in nil },
    progress: WritingProgress? = nil, source: (_ path: String, _ isConstant: Bool) throws -> TensorSource
  ) throws {
    var model = model
    var payloads = ONNXPayloads()
    var initializers: [ONNXTensorProto] = []
    var renamed: [String: String] = [:]
    let used = Set(tensors.map(\.path))
    for tensor in tensors {
      if let owner = sharing(tensor.path), used.contains(owner), owner != tensor.path {
        renamed[tensor.name] = owner
        continue
      }
      var message = ONNXTensorProto()
      var given = try source(tensor.path, tensor.isConstant)
      given.spec.name = tensor.name
      try payloads.set(given, in: &message)
      initializers.append(message)
    }
    if !renamed.isEmpty {
      for index in model.graph.node.indices {
        model.graph.node[index].input = model.graph.node[index].input.map { renamed[$0] ?? $0 }
      }
    }
    model.graph.initializer = initializers + model.graph.initializer
    model.metadataProps = metadata.map { key, value in
      var entry = ONNXStringStringEntryProto()
      (entry.key, entry.value) = (key, value)
      return entry
    }
    try payloads.write(model, to: path, replacing: replacing, progress: progress)
  }
}

extension ExportedProgram {
  /// Writes the model in ONNX's format.
  ///
  /// The outputs are those of the graph to the usual differences of rounding; a batch that is free stays free. Models of
  /// more than 2 GB have their tensors in `NAME.data` beside the file.
  ///
  /// - Parameters:
  ///   - path: The target.
  ///   - opset: The version of ONNX's operators, 18 to 23.
  ///   - replacing: Whether an existing file may be replaced.
  ///   - progress: Called after each block; may throw to stop.
  /// - Throws: ``GraphError/notInONNX(_:)`` with every step that cannot be written, `CheckpointError` for the files.
  public func writeONNX(
    to path: String, opset: Int = 18, replacing: Bool = true, progress: WritingProgress? = nil
  ) throws {
    let checkpoint = Checkpoint(file)
    var owners: [Place: String] = [:]
    let sharing = Dictionary(
      checkpoint.tensors.compactMap { tensor -> (String, String)? in
        let owner = owners[Place(tensor)]
        owners[Place(tensor)] = owner ?? tensor.name
        return owner.map { (tensor.name, $0) }
      }
    ) { first, _ in first }
    try ONNXExport(graph, opset: opset).write(
      to: path, replacing: replacing, metadata: file.metadata, sharing: { sharing[$0] }, progress: progress
    ) { name, isConstant in
      if !isConstant, let tensor = checkpoint[name] { return checkpoint.source(of: tensor) }
      guard let tensor = file[constant: name] else {
        throw GraphError.noSuch("tensor", name: name, names: checkpoint.tensors.map(\.name))
      }
      return TensorSource(name: name, type: tensor.type, shape: tensor.shape) { consume in
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(tensor.byteCount, 1), alignment: 64)
        defer { memory.deallocate() }
        let bytes = UnsafeMutableRawBufferPointer(rebasing: memory[..<tensor.byteCount])
        try file.read(constant: name, into: bytes)
        try consume(UnsafeRawBufferPointer(bytes))
      }
    }
  }

  /// Where a weight lies; equal for weights that share all their memory.
  private struct Place: Hashable {
    let range: Range<Int>
    let shape: [Int]
    let strides: [Int]?
    let type: StoredType
    let name: String?

    init(_ tensor: TensorInfo) {
      (range, shape, strides, type) = (tensor.byteRange, tensor.shape, tensor.strides, tensor.type)
      name = tensor.byteRange.isEmpty ? tensor.name : nil
    }
  }
}

extension Graph {
  /// Writes the graph in ONNX's format, with tensors that lie elsewhere than in a file of torch.export: those of a traced
  /// module.
  ///
  /// - Parameters:
  ///   - path: The target.
  ///   - opset: The version of ONNX's operators, 18 to 23.
  ///   - replacing: Whether an existing file may be replaced.
  ///   - sharing: For a tensor that lies in the memory of one before it, that one's path.
  ///   - source: The entries of a parameter or buffer by its path, or of a constant.
  /// - Throws: ``GraphError/notInONNX(_:)``, `CheckpointError`, and what `source` throws.
  public func writeONNX(
    to path: String, opset: Int = 18, replacing: Bool = true, sharing: (String) -> String? = { _ in nil },
    source: (_ path: String, _ isConstant: Bool) throws -> TensorSource
  ) throws {
    try ONNXExport(self, opset: opset).write(to: path, replacing: replacing, sharing: sharing, source: source)
  }
}
