import Checkpoints
import Graphs
import OrderedCollections

/// What a model costs after a choice, by shapes alone.
struct Costs {
  private let analysis: GraphLabels
  /// Names in the graph of weights that are counted, each storage once, with the bytes of an entry.
  private let weights: [(name: String, isParameter: Bool, width: Int)]
  private let symbols: [String: Int]

  init(_ lowered: Lowering, _ analysis: GraphLabels) {
    self.analysis = analysis
    let repeated = Set(lowered.tensors.tied(lowered.graph).flatMap { $0.dropFirst() })
    weights = lowered.graph.inputs.compactMap { input in
      guard input.role.path != nil, !repeated.contains(input.name), let type = lowered.graph.values[input.name]?.tensor
      else { return nil }
      let isParameter = if case .parameter = input.role { true } else { false }
      return (input.name, isParameter, (type.dtype?.bitWidth ?? 0) / 8)
    }
    let shapes = analysis.options.inputShapes
    symbols = lowered.graph.symbols(batch: 1, of: shapes) ?? lowered.graph.symbols(of: shapes) ?? [:]
  }

  func cost(_ cost: CompactionCost, _ survivors: Survivors) -> Int { parts(cost, survivors).reduce(0, +) }

  /// The cost of each weight, or of each step.
  func parts(_ cost: CompactionCost, _ survivors: Survivors) -> [Int] {
    switch cost {
    case .parameters: weights.map { $0.isParameter ? count($0.name, survivors) : 0 }
    case .bytes: weights.map { count($0.name, survivors) * $0.width }
    case .macs: analysis.resized(survivors).counts(symbols).map(\.macs)
    }
  }

  private func count(_ name: String, _ survivors: Survivors) -> Int {
    if let length = analysis.padded[name] { return length }
    return (analysis.dimensions[name] ?? []).reduce(1) { $0 * survivors.extent($1).number }
  }
}

extension GraphLabels {
  /// The graph with the sizes that are left; steps and weights are as before.
  func resized(_ survivors: Survivors) -> Graph {
    var graph = graph
    for (name, dimensions) in dimensions where !dimensions.allSatisfy(survivors.isWhole) {
      guard let old = graph.values[name]?.tensor?.sizes, old.count == dimensions.count else { continue }
      if let length = padded[name] {
        graph.setSizes([.fixed(length)], of: name)
      } else {
        graph.setSizes(zip(dimensions, old).map { survivors.extent($0).size(from: $1) }, of: name)
      }
    }
    return graph
  }
}
