import OrderedCollections

/// What one step of a graph costs.
public struct NodeCount: Hashable, Sendable {
  /// The position of the node in the outermost graph.
  public var node: Int
  /// The operator: `aten::conv2d`.
  public var operation: String
  /// The path of the module that calls it.
  public var module: String
  /// Entries of the parameters that it takes and no step before it.
  public var parameters: Int
  /// Multiplications, each with its addition; 0 for operators without a rule.
  public var macs: Int
}

extension Graph {
  /// Parameters and MACs of every step, in order, by shape; nothing is run.
  ///
  /// A MAC is a multiplication with its addition. Counted are, with N the batch and what stands before the last
  /// dimensions:
  /// - convolutions of 1 to 3 dimensions: N x output positions x entries of the weight; transposed ones: N x input
  ///   positions x entries of the weight. Groups are in the weight's shape.
  /// - `linear`: rows of the input x entries of the weight; `bilinear`: rows x entries of the weight.
  /// - `matmul`, `mm`, `bmm`, `addmm`, `baddbmm`, `mv`, `dot`: entries of the result x length of the sum.
  /// - `einsum` of two operands: the product of the sizes of all letters.
  /// - `scaled_dot_product_attention`: N x queries x keys x (size of a key + size of a value), masked or not.
  /// - `lstm`, `gru`, `rnn`: N x steps x entries of all weight matrices, of every layer and direction.
  ///
  /// Additions of biases, norms, activations and pooling count as 0, as usual.
  ///
  /// - Parameter symbols: the values of the sizes that depend on the input, as ``symbols(batch:of:)`` gives them.
  public func counts(_ symbols: [String: Int]) -> [NodeCount] {
    var seen = Set<String>()
    let weights = Dictionary(
      inputs.compactMap { input -> (String, Int)? in
        guard case .parameter = input.role, let shape = values[input.name]?.tensor?.shape(symbols) else { return nil }
        return (input.name, shape.reduce(1, *))
      }, uniquingKeysWith: { first, _ in first })
    return nodes.enumerated().map { index, node in
      var parameters = 0
      for name in node.inputNames where weights[name] != nil && seen.insert(name).inserted {
        parameters += weights[name] ?? 0
      }
      return NodeCount(
        node: index, operation: node.operatorName ?? node.target, module: node.modulePath, parameters: parameters,
        macs: macs(of: node, symbols))
    }
  }

  /// The values of all symbols of the caller's inputs: as they were at the export, the batch, which is the first
  /// dimension of the first input, as given.
  ///
  /// - Parameters:
  ///   - batch: the batch; nil for that of the export.
  ///   - shapes: the shapes that inputs will have, by their names, where the file does not say sizes, as ONNX files do not.
  /// - Returns: nil where the graph has a fixed batch and another one is asked for.
  public func symbols(batch: Int? = nil, of shapes: [String: [Int]] = [:]) -> [String: Int]? {
    var symbols: [String: Int] = [:]
    func note(_ sizes: [SymbolicSize]) {
      for case .symbolic(.symbol(let name), let hint?) in sizes where symbols[name] == nil { symbols[name] = hint }
    }
    for input in inputs { note(values[input.name]?.tensor?.sizes ?? []) }
    for value in values.values {
      if let type = value.tensor { note(type.sizes) }
      if case .int(let size) = value.kind { note([size]) }
    }
    for input in userInputs {
      guard let shape = shapes[input.name], let sizes = values[input.name]?.tensor?.sizes, sizes.count == shape.count
      else { continue }
      for case (.symbolic(.symbol(let name), _), let size) in zip(sizes, shape) { symbols[name] = size }
    }
    guard let batch else { return symbols }
    let first = userInputs.lazy.compactMap { self.values[$0.name]?.tensor?.sizes.first }.first
    switch first {
    case .symbolic(.symbol(let name), _)?: symbols[name] = batch
    case .fixed(batch)?: break
    default: return nil
    }
    return symbols
  }

  private func macs(of node: Node, _ symbols: [String: Int]) -> Int {
    for case .graph(_, let graph) in node.inputs.map(\.argument) {
      return graph.counts(symbols).reduce(0) { $0 + $1.macs }
    }
    func shape(_ name: String?) -> [Int]? { name.flatMap { values[$0]?.tensor?.shape(symbols) } }
    func input(_ name: String) -> [Int]? { shape(node[name]?.names.first) }
    let output = shape(node.outputNames.first)
    return MACRules.count(node, input: input, output: output, shape: { shape($0) }) ?? 0
  }
}
