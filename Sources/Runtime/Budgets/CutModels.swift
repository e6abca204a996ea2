import Checkpoints
import Compaction
import Graphs
import NN
import OrderedCollections
import Torch

/// Models in which units of some groups are gone, made in memory: what stays whole is shared with the whole model.
struct CutModels {
  let compactor: Compactor
  let model: GraphModule
  let ranking: UnitRanking
  private let tensors: OrderedDictionary<String, Tensor>

  init(_ compactor: Compactor, _ model: GraphModule, _ ranking: UnitRanking) {
    (self.compactor, self.model, self.ranking) = (compactor, model, ranking)
    tensors = model.stateDict
  }

  /// The model in which so many units of each group are gone, in evaluation.
  func model(removing counts: [Int]) throws -> GraphModule {
    let choice = compactor.choice(ranking, removing: counts)
    let smaller = try compactor.compacted(choice)
    let slices = Dictionary(grouping: compactor.slices(choice), by: \.path)
    let state = try noGrad {
      try smaller.tensors.map { source -> (name: String, tensor: Tensor, isParameter: Bool) in
        let name = source.spec.name
        let tensor = try whole(name).flatMap { cut($0, slices[name] ?? [], to: source.spec.shape) } ?? .reading(source)
        return (name, tensor.to(model.device), false)
      }
    }
    var weights = GraphWeights(state: state)
    for input in smaller.graph.inputs {
      guard let path = input.role.path, weights.state[path] == nil, let tensor = whole(path) else { continue }
      weights.addConstant(path, tensor)
    }
    let result = try GraphModule(smaller.graph, weights: weights, device: model.device)
    result.eval()
    return result
  }

  private func whole(_ path: String) -> Tensor? { tensors[path] ?? model.constants[path] }

  /// What is left of a tensor; nil where that is not all that there is to it, as where it is padded.
  private func cut(_ tensor: Tensor, _ slices: [Compactor.Slice], to shape: [Int]) -> Tensor? {
    var tensor = tensor.detach()
    for slice in slices {
      tensor = tensor.indexSelect(slice.dimension, Tensor(slice.kept.map(Int64.init)).to(tensor.device))
    }
    return tensor.shape == shape ? tensor : nil
  }
}

/// The steps of a model as parts of what it costs in time, the same ones for every model that is cut out of it.
struct StepTimes {
  private let graph: Graph
  private let places: [String: Int]
  let count: Int

  /// - Parameter graph: of the model of which nothing is gone yet.
  init(_ graph: Graph) {
    (self.graph, count) = (graph, graph.nodes.count)
    places = Dictionary(
      graph.nodes.enumerated().flatMap { index, node in node.outputNames.map { ($0, index) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// For each node of a cut model the part that it belongs to; steps that are new belong to the one before.
  private func parts(_ other: Graph) -> [Int] {
    var last = 0
    return other.nodes.map { node in
      if let place = node.outputNames.first.flatMap({ places[$0] }) { last = place }
      return last
    }
  }

  /// The parts in which something has another size.
  func touched(_ other: Graph) -> Set<Int> {
    let parts = parts(other)
    return Set(
      other.nodes.indices.filter { index in
        let node = other.nodes[index]
        return (node.inputNames + node.outputNames).contains { name in
          other.values[name]?.tensor?.sizes != graph.values[name]?.tensor?.sizes
        }
      }.map { parts[$0] })
  }

  /// The shortest time of each part in milliseconds, over runs that take about so long together, five at least: what other
  /// programs take of the processor meanwhile is not the model's.
  func milliseconds(_ model: GraphModule, _ inputs: [Tensor], budget: Duration = .milliseconds(150)) throws -> [Double]
  {
    let parts = parts(model.graph)
    let clock = ContinuousClock()
    var samples: [[Double]] = []
    try noGrad {
      _ = try model.run(inputs)
      let end = clock.now + budget
      while samples.count < 5 || (clock.now < end && samples.count < 30) {
        var times = [Double](repeating: 0, count: count)
        var last = clock.now
        _ = try model.execute(inputs) { _, step in
          let now = clock.now
          times[parts[step.node]] += (now - last).inSeconds * 1000
          last = now
        }
        samples.append(times)
      }
    }
    return (0..<count).map { part in samples.map { $0[part] }.min() ?? 0 }
  }
}
