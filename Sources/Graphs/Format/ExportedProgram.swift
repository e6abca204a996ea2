import Checkpoints
import OrderedCollections

/// A model that `torch.export.save` wrote: its graph, and the file that holds its tensors.
///
/// ```swift
/// var model = try ExportedProgram(contentsOf: "model.pt2")
/// model.graph.removeDeadNodes()
/// try model.write(to: "smaller.pt2")
/// ```
///
/// In Python, a model is exported so, here with a batch of any size:
/// ```python
/// batch = torch.export.Dim("batch", min=1, max=64)
/// program = torch.export.export(model.eval(), (example,), dynamic_shapes=({0: batch},))
/// torch.export.save(program, "model.pt2")
/// ```
public struct ExportedProgram: Sendable {
  /// The graph.
  public var graph: Graph
  /// The archive with its weights and constants.
  public let file: PT2File
  /// The version of torch that wrote it, as it says itself.
  public var torchVersion: String { document["torch_version"]?.string ?? "" }
  /// The version of the format: major and minor.
  public let schemaVersion: (major: Int, minor: Int)
  /// Everything beside the graph, its known members empty.
  private let document: JSONObject
  private let module: JSONObject
  /// What was read, to tell whether anything has changed.
  private let original: Graph

  /// The major version of the format that is read here.
  public static let schemaMajor = 8

  /// Opens the model at `path` and reads its graph; weights are not read.
  ///
  /// - Throws: `CheckpointError` for the file, ``GraphError`` for the graph.
  public init(contentsOf path: String) throws { try self.init(PT2File(path: path)) }

  /// Reads the graph of an open file.
  ///
  /// - Throws: `CheckpointError` where the JSON is damaged, ``GraphError`` where it is no graph of this version, or one
  ///   that contradicts itself.
  public init(_ file: PT2File) throws {
    let path = file.path
    let json = try JSONValue(parsing: file.graphText(), file: path)
    guard var document = json.object, var module = document["graph_module"]?.object else {
      throw GraphError.format(file: path, expected: "an exported program", found: "another value")
    }
    let version = document["schema_version"]
    guard let major = version?["major"]?.int, let minor = version?["minor"]?.int, major == Self.schemaMajor else {
      throw GraphError.version(
        file: path, expected: Self.schemaMajor, found: version?["major"]?.int.map { "\($0).x" } ?? "none")
    }
    var graph = try GraphReader(file: path).graph(module["graph"])
    try Self.readSignature(module["signature"], into: &graph, file: path)
    Self.readTrees(module, into: &graph)
    for (symbol, range) in document["range_constraints"]?.object ?? [:] {
      graph.ranges[symbol] = Graph.SymbolRange(minimum: range["min_val"]?.int, maximum: range["max_val"]?.int)
    }
    let problems = graph.problems
    guard problems.isEmpty else { throw GraphError.invalid(problems) }
    module["graph"] = .null
    module["signature"] = .null
    document["graph_module"] = .null
    (self.document, self.module, schemaVersion) = (document, module, (major, minor))
    (self.graph, original, self.file) = (graph, graph, file)
  }

  /// The graph in JSON: the bytes that were read where nothing has changed.
  ///
  /// - Throws: `CheckpointError` where they cannot be read.
  public func graphText() throws -> [UInt8] {
    if graph == original { return try file.graphText() }
    var module = module
    module["graph"] = GraphWriter.json(graph)
    module["signature"] = .object([
      "input_specs": .array(graph.inputs.map { $0.source ?? Self.spec($0) }),
      "output_specs": .array(graph.outputs.map { $0.source ?? Self.spec($0) }),
    ])
    var document = document
    document["graph_module"] = .object(module)
    if graph.ranges != original.ranges {
      document["range_constraints"] = Self.constraints(graph.ranges)
    }
    return JSONValue.object(document).text
  }

  static func constraints(_ ranges: OrderedDictionary<String, Graph.SymbolRange>) -> JSONValue {
    .object(
      ranges.mapValues { range in
        ["min_val": range.minimum.map(JSONValue.int) ?? .null, "max_val": range.maximum.map(JSONValue.int) ?? .null]
      })
  }

  /// Begins a file with this graph and the weights given, which are then handed over block by block.
  ///
  /// - Parameters:
  ///   - path: the target.
  ///   - tensors: the weights, by their names in the state dict; nil for those of the file, unchanged in shape.
  ///   - origins: for weights under new names, those of the file whose kind they take.
  ///   - sharing: for weights that lie in the storage of another one given before them, that one.
  ///   - metadata: text kept in the file.
  ///   - replacing: whether an existing file may be replaced.
  ///   - progress: called after each block; may throw to stop.
  /// - Throws: ``GraphError`` where graph and weights do not fit, `CheckpointError` for the file.
  public func writer(
    to path: String, tensors: [TensorSpec]? = nil, origins: [String: String] = [:], sharing: [String: String] = [:],
    metadata: CheckpointMetadata? = nil, replacing: Bool = true, progress: WritingProgress? = nil
  ) throws -> ArchiveWriter {
    let tensors = tensors ?? file.tensors.map(\.spec)
    let problems = graph.problems + mismatches(tensors)
    guard problems.isEmpty else { throw GraphError.invalid(problems) }
    return try ArchiveWriter(
      path: path, like: file, tensors: tensors, origins: origins, sharing: sharing,
      members: [file.modelMember: try graphText()],
      metadata: metadata ?? file.metadata, replacing: replacing, progress: progress)
  }

  /// Writes graph and weights; those of the file where none are given.
  ///
  /// - Throws: as ``writer(to:tensors:origins:sharing:metadata:replacing:progress:)``, and whatever a source throws.
  public func write(
    to path: String, _ sources: [TensorSource]? = nil, origins: [String: String] = [:], sharing: [String: String] = [:]
  ) throws {
    let sources = sources ?? Checkpoint(file).sources()
    try writer(to: path, tensors: sources.map(\.spec), origins: origins, sharing: sharing)
      .writeAll(sources.filter { sharing[$0.spec.name] == nil })
  }

  /// What the graph asks for and the weights do not give.
  private func mismatches(_ tensors: [TensorSpec]) -> [String] {
    let given = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
    return graph.inputs.compactMap { input in
      let name: String
      switch input.role {
      case .parameter(let path), .buffer(let path, persistent: true): name = path
      default: return nil
      }
      guard let spec = given[name] else { return "there is no weight '\(name)'" }
      guard let type = graph.values[input.name]?.tensor, let shape = type.shape else { return nil }
      return shape == spec.shape ? nil : "weight '\(name)' is \(spec.shape), the graph says \(shape)"
    }
  }
}
