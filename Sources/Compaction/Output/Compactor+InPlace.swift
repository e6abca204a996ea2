import Graphs

/// What a choice asks of a model that is made smaller where it stands, and whose steps stay the ones there are.
extension Compactor {
  /// What is left of a weight along one dimension.
  public struct Slice: Hashable, Sendable {
    /// The weight's name in the module.
    public var path: String
    /// The dimension.
    public var dimension: Int
    /// The indices that stay, in order.
    public var kept: [Int]
  }

  /// What a choice leaves of the weights, in the order of the graph; a weight that loses along two dimensions is there
  /// twice.
  public func slices(_ choice: Choice) -> [Slice] {
    let survivors = units.survivors(without: choice.units)
    return lowered.graph.inputs.flatMap { input -> [Slice] in
      guard let path = input.role.path, analysis.contents[input.name] == nil else { return [] }
      return (analysis.dimensions[input.name] ?? []).enumerated().compactMap { axis, dimension in
        guard !survivors.isWhole(dimension), let labels = dimension.first?.settledLabels else { return nil }
        return Slice(path: path, dimension: axis, kept: survivors.kept(labels))
      }
    }
  }

  /// What the smaller model has and the steps as they are do not: steps in between, and other indices in constants.
  public func additions(_ choice: Choice) -> [FreezeReason] {
    let survivors = units.survivors(without: choice.units)
    var found: [FreezeReason] = []
    for (index, node) in analysis.graph.nodes.enumerated() {
      var edit = NodeEdit(node)
      for change in analysis.rewrites[index] ?? [] { change(&edit, survivors) }
      let steps = (edit.before + edit.after).map(\.baseName)
      if !steps.isEmpty {
        found.append(reason(node, "\(steps.joined(separator: " and ")) would have to stand beside it"))
      }
      for name in node.inputNames where analysis.contents[name] != nil {
        guard let dimensions = analysis.dimensions[name], !dimensions.allSatisfy(survivors.isWhole) else { continue }
        found.append(reason(node, "it puts channels into an order that would have to be another one"))
      }
    }
    return found
  }

  private func reason(_ node: Node, _ text: String) -> FreezeReason {
    FreezeReason(operation: node.operatorName ?? node.target, module: node.modulePath, text: text)
  }
}
