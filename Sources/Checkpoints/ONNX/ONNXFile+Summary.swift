import ONNXFormat
import OrderedCollections

extension ONNXFile {
  /// What wrote the model, with its version where it says one: `pytorch 2.13.0`.
  public var producer: String {
    [model.producerName, model.producerVersion].filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// The version of each domain's operators, ONNX's own first; its domain is `ai.onnx` here.
  public var opsets: OrderedDictionary<String, Int> {
    let all = model.opsetImport.map { (Self.domain($0.domain), Int(clamping: $0.version)) }
    return OrderedDictionary(all.filter { $0.0 == "ai.onnx" } + all.filter { $0.0 != "ai.onnx" }) { first, _ in first }
  }

  /// How often each operator stands in the graph, its subgraphs and the model's functions, the most frequent first; those
  /// of other domains with the domain in front.
  public var operators: OrderedDictionary<String, Int> {
    var found: [String: Int] = [:]
    func walk(_ nodes: [ONNXNodeProto]) {
      for node in nodes {
        let domain = Self.domain(node.domain)
        found[domain == "ai.onnx" ? node.opType : "\(domain)::\(node.opType)", default: 0] += 1
        for attribute in node.attribute {
          if attribute.hasG { walk(attribute.g.node) }
          attribute.graphs.forEach { walk($0.node) }
        }
      }
    }
    walk(model.graph.node)
    for function in model.functions { walk(function.node) }
    return OrderedDictionary(uniqueKeysWithValues: found.sorted { ($1.value, $0.key) < ($0.value, $1.key) })
  }

  /// The inputs that are no initialisers, with their types as people write them: `f32[batch, 3, 224, 224]`.
  public var inputs: [(name: String, type: String)] {
    let initializers = Set(model.graph.initializer.map(\.name))
    return model.graph.input.filter { !initializers.contains($0.name) }.map { ($0.name, Self.text($0.type)) }
  }

  /// The outputs with their types.
  public var outputs: [(name: String, type: String)] { model.graph.output.map { ($0.name, Self.text($0.type)) } }

  private static func domain(_ name: String) -> String { name.isEmpty ? "ai.onnx" : name }

  private static func text(_ type: ONNXTypeProto) -> String {
    switch type.value {
    case .tensorType(let tensor), .sparseTensorType(let tensor):
      let name = StoredType(onnx: Int(tensor.elemType)).map { $0.name.lowercased() } ?? "type \(tensor.elemType)"
      guard tensor.hasShape else { return "\(name), of any shape" }
      let sizes = tensor.shape.dim.map { dimension -> String in
        switch dimension.value {
        case .dimValue(let size): "\(size)"
        case .dimParam(let symbol) where !symbol.isEmpty: symbol
        default: "?"
        }
      }
      return "\(name)[\(sizes.joined(separator: ", "))]"
    case .sequenceType(let sequence): return "a sequence of \(text(sequence.elemType))"
    case .mapType(let map): return "a map to \(text(map.valueType))"
    case .optionalType(let optional): return "\(text(optional.elemType)), or nothing"
    case nil: return "of any type"
    }
  }
}
