import Checkpoints
import ONNXFormat
import OrderedCollections

/// A model in ONNX's format, its graph said with PyTorch's operators: the same kind of graph that a `.pt2` has.
///
/// ```swift
/// let model = try ONNXModel(contentsOf: "model.onnx")
/// for node in model.graph.nodes { print(node.modulePath, node.target) }     // the ONNX node, and what it became
/// for refusal in model.refusals { print(refusal.node, refusal.reason) }
/// ```
///
/// Values and weights keep the file's names; weights keep the file's layout, and what PyTorch lays out otherwise is
/// transposed by steps of the graph. Shapes are followed through the graph and what is computed from them beforehand; sizes
/// that are known only when the model runs are symbols. An operator that is not followed exactly is named, and becomes a
/// step that cannot be run and keeps whole what it touches, if the file says the shapes of what it gives.
public struct ONNXModel: Sendable {
  /// The file.
  public let file: ONNXFile
  /// The graph.
  public var graph: Graph
  /// The graph as it was read.
  let original: Graph
  /// Nodes that are not followed, each with its reason, in the order of the file.
  public let refusals: [ONNXRefusal]
  /// Where the tensors that the graph takes come from, by their names.
  let tensors: OrderedDictionary<String, ONNXLowering.TensorProvenance>
  /// For nodes of the file the values whose shapes went into their constants.
  let shapedInputs: [Int: Set<String>]

  /// Reads a model.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - constants: inputs of the model that are fixed to a content, by their names: those that decide what is computed,
  ///     such as shapes.
  /// - Throws: `CheckpointError` for the file, ``ONNXGraphError`` for a graph that cannot be followed.
  public init(contentsOf path: String, constants: [TensorSource] = []) throws {
    try self.init(ONNXFile(path: path), constants: constants)
  }

  /// Reads the graph of an open file.
  ///
  /// - Throws: as ``init(contentsOf:constants:)``.
  public init(_ file: ONNXFile, constants: [TensorSource] = []) throws {
    var fixed: [String: KnownTensor] = [:]
    for source in constants {
      var bytes: [UInt8] = []
      try source.produce { bytes.append(contentsOf: $0) }
      fixed[source.spec.name] = KnownTensor(source.spec.type, source.spec.shape, bytes: bytes)
    }
    let lowering = try ONNXLowering(file.model, fixed: fixed) { try file.bytes(of: $0) }
    try lowering.graph.verify()
    self.file = file
    (graph, original) = (lowering.graph, lowering.graph)
    (refusals, tensors, shapedInputs) = (lowering.refusals, lowering.tensors, lowering.shapedInputs)
  }

  /// The tensors that the graph takes, in its order; read when their turn comes.
  public var weights: [TensorSource] {
    graph.inputs.compactMap { input in
      guard let path = input.role.path, let origin = tensors[path], let type = graph.values[input.name]?.tensor,
        let stored = type.dtype, let shape = type.shape
      else { return nil }
      let file = file
      return TensorSource(name: path, type: stored, shape: shape) { consume in
        let bytes: [UInt8] =
          switch origin {
          case .file(let tensor): try file.bytes(of: tensor)
          case .made(let known): known.bytes ?? []
          }
        try bytes.withUnsafeBytes(consume)
      }
    }
  }

  /// Writes the file with a graph that came from this one, and tensors that have changed; everything else stays as it was.
  ///
  /// - Parameters:
  ///   - changed: the graph, with its sizes and steps as they are now.
  ///   - tensors: the tensors that are not as in the file.
  ///   - metadata: text for `metadata_props`; what is there already stays.
  ///   - path: the target, which takes its place whole or not at all.
  ///   - replacing: whether an existing file may be replaced.
  /// - Throws: ``ONNXGraphError`` for a step that cannot be said in ONNX, `CheckpointError` for the file.
  public func write(
    _ changed: Graph, _ tensors: [TensorSource], metadata: CheckpointMetadata = [:], to path: String,
    replacing: Bool = true
  ) throws {
    var (messages, payloads) = try messages(of: changed, tensors: tensors)
    for (key, value) in metadata {
      var entry = ONNXStringStringEntryProto()
      (entry.key, entry.value) = (key, value)
      if let index = messages.metadataProps.firstIndex(where: { $0.key == key }) {
        messages.metadataProps[index].value = value
      } else {
        messages.metadataProps.append(entry)
      }
    }
    try payloads.write(messages, to: path, replacing: replacing)
  }
}
