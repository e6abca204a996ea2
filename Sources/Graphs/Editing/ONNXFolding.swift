import Checkpoints
import ONNXFormat
import OrderedCollections

/// The graph of an ONNX model in which products of weights and masks are weights themselves.
public struct ONNXFolding {
  /// The pairs that were folded, by the names without `_orig`.
  public private(set) var folded: [String] = []
  /// Pairs whose product could not be folded, each with the reason.
  public private(set) var left: [(name: String, reason: String)] = []
  private let file: ONNXFile
  private var model: ONNXModelProto

  /// Folds the products of pairs.
  ///
  /// A pair is folded where a node `Mul` takes both tensors and nothing else takes either: the product becomes an
  /// initialiser called NAME, and takes the place of the node's result.
  ///
  /// - Parameters:
  ///   - pairs: The pairs of the file that are to go.
  ///   - file: The model.
  public init(_ pairs: [PrunedPair], in file: ONNXFile) {
    self.file = file
    model = file.model
    for pair in pairs { fold(pair) }
  }

  private mutating func fold(_ pair: PrunedPair) {
    let names = [pair.original.name, pair.mask.name]
    let takers = model.graph.node.indices.filter { !Set(model.graph.node[$0].input).isDisjoint(with: names) }
    guard takers.count == 1, let taker = takers.first, model.graph.node[taker].opType == "Mul",
      Set(model.graph.node[taker].input) == Set(names), names.allSatisfy({ file.uses[$0]?.count == 1 })
    else {
      return left.append((pair.name, "its mask is used for more than a product, or in no node"))
    }
    let result = model.graph.node[taker].output[0]
    guard !model.graph.output.contains(where: { $0.name == result }) else {
      return left.append((pair.name, "the product is an output of the model"))
    }
    guard let place = model.graph.initializer.firstIndex(where: { $0.name == pair.original.name }),
      model.graph.initializer.contains(where: { $0.name == pair.mask.name }),
      result == pair.name || !Self.names(model.graph).contains(pair.name)
    else {
      return left.append((pair.name, "the pair is not among the initialisers, or its name is taken"))
    }
    model.graph.node.remove(at: taker)
    model.graph.initializer[place].name = pair.name
    model.graph.initializer.removeAll { $0.name == pair.mask.name }
    model.graph.input.removeAll { names.contains($0.name) }
    Self.rename(result, to: pair.name, in: &model.graph)
    folded.append(pair.name)
  }

  private static func names(_ graph: ONNXGraphProto) -> Set<String> {
    Set(graph.initializer.map(\.name) + graph.input.map(\.name) + graph.node.flatMap(\.output))
  }

  /// Gives a value another name wherever it is taken, in subgraphs too.
  private static func rename(_ old: String, to new: String, in graph: inout ONNXGraphProto) {
    for node in graph.node.indices {
      graph.node[node].input = graph.node[node].input.map { $0 == old ? new : $0 }
      for attribute in graph.node[node].attribute.indices {
        if graph.node[node].attribute[attribute].hasG {
          rename(old, to: new, in: &graph.node[node].attribute[attribute].g)
        }
        for inner in graph.node[node].attribute[attribute].graphs.indices {
          rename(old, to: new, in: &graph.node[node].attribute[attribute].graphs[inner])
        }
      }
    }
    graph.valueInfo.removeAll { $0.name == old }
  }

  /// Writes the model with the products given.
  ///
  /// - Parameters:
  ///   - path: The target.
  ///   - products: The entries of each folded weight, by name.
  ///   - metadata: Text for `metadata_props`.
  ///   - replacing: Whether an existing file may be replaced.
  /// - Throws: `CheckpointError`, and what a source throws.
  public func write(
    to path: String, products: (String) -> TensorSource?, metadata: CheckpointMetadata, replacing: Bool
  ) throws {
    var model = model
    var payloads = ONNXPayloads(of: file)
    for place in model.graph.initializer.indices where folded.contains(model.graph.initializer[place].name) {
      guard let source = products(model.graph.initializer[place].name) else { continue }
      try payloads.set(source, in: &model.graph.initializer[place])
    }
    for (key, value) in metadata where file.metadata[key] == nil {
      var entry = ONNXStringStringEntryProto()
      (entry.key, entry.value) = (key, value)
      model.metadataProps.append(entry)
    }
    try payloads.write(model, to: path, replacing: replacing)
  }
}
