import OrderedCollections

extension Graph {
  /// A weight that torch.nn.utils.prune holds as a parameter and a mask, whose product the graph computes.
  public struct PrunedPair: Hashable, Sendable {
    /// The name that the weight had and gets again: `conv1.weight`.
    public var name: String
    /// The parameter's name in the module: `conv1.weight_orig`.
    public var original: String
    /// The mask's name in the module: `conv1.weight_mask`.
    public var mask: String
  }

  /// The pruned weights, in the order of the inputs.
  public var prunedPairs: [PrunedPair] {
    let paths = Set(inputs.compactMap(\.role.path))
    return inputs.compactMap { input in
      guard case .parameter(let path) = input.role, path.hasSuffix("_orig") else { return nil }
      let name = String(path.dropLast(5))
      return paths.contains(name + "_mask") ? PrunedPair(name: name, original: path, mask: name + "_mask") : nil
    }
  }

  /// Makes pruned weights permanent: the parameter takes its old name, and stands where the graph computed its product
  /// with the mask. The values of the new parameter are that product; they are the caller's to write.
  ///
  /// - Returns: the pairs that were folded; one whose mask or parameter is used otherwise too is left as it is.
  @discardableResult
  public mutating func foldPrunedPairs(where isWanted: (PrunedPair) -> Bool = { _ in true }) -> [PrunedPair] {
    var folded: [PrunedPair] = []
    for pair in prunedPairs where isWanted(pair) {
      guard let original = inputs.first(where: { $0.role.path == pair.original })?.name,
        let mask = inputs.first(where: { $0.role.path == pair.mask })?.name,
        !inputs.contains(where: { $0.role.path == pair.name }),
        let products = products(of: original, and: mask)
      else { continue }
      for product in products.products { replaceUses(of: product, by: original) }
      let gone = Set(products.nodes)
      for index in products.nodes { for name in nodes[index].outputNames { values[name] = nil } }
      nodes = nodes.enumerated().filter { !gone.contains($0.offset) }.map(\.element)
      inputs.removeAll { $0.name == mask }
      values[mask] = nil
      try? rename(pair.original, to: pair.name)
      folded.append(pair)
    }
    return folded
  }

  /// The products of a parameter with its mask, perhaps converted first, and the nodes that compute them; nil where
  /// either is used for anything else.
  private func products(of original: String, and mask: String) -> (products: [String], nodes: [Int])? {
    let users = users
    var masks: Set<String> = [mask]
    var gone: [Int] = []
    for index in users[mask] ?? [] where Self.conversions.contains(nodes[index].baseName) {
      masks.formUnion(nodes[index].outputNames)
      gone.append(index)
    }
    var products: [String] = []
    for name in masks {
      for index in users[name] ?? [] where !gone.contains(index) {
        let node = nodes[index]
        guard node.operatorName == "aten::mul.Tensor", Set(node.inputNames) == [name, original],
          let product = node.outputNames.first
        else { return nil }
        products.append(product)
        gone.append(index)
      }
    }
    let isUsedOtherwise = (users[original] ?? []).contains { !gone.contains($0) }
    let leaves = outputs.flatMap(\.argument.names).contains { masks.contains($0) || $0 == original }
    return products.isEmpty || isUsedOtherwise || leaves ? nil : (products, gone)
  }

  private static let conversions: Set<String> = ["to", "_to_copy", "type_as", "_assert_tensor_metadata"]
}
