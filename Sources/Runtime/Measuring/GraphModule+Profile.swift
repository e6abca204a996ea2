import Graphs
import Torch

/// How long the steps of a model take.
public struct GraphProfile: Sendable {
  /// The median time of each node of the graph in seconds, by its position.
  public var nodeSeconds: [Double]
  /// The median time of a run without measuring its steps, in seconds.
  public var seconds: Double
  /// How many runs were measured.
  public var runs: Int
}

extension GraphModule {
  /// Measures each step, and the whole: the median of so many runs, after one that is not counted. Without gradients.
  ///
  /// - Throws: ``GraphRunError``.
  public func profile(_ inputs: [Tensor], runs: Int = 10) throws -> GraphProfile {
    let clock = ContinuousClock()
    var samples = [[Double]](repeating: [], count: graph.nodes.count)
    var totals: [Double] = []
    try noGrad {
      _ = try run(inputs)
      for _ in 0..<max(runs, 1) {
        let before = clock.now
        _ = try run(inputs)
        totals.append((clock.now - before).inSeconds)
        var times = [Double](repeating: 0, count: graph.nodes.count)
        var last = clock.now
        _ = try execute(inputs) { _, step in
          let now = clock.now
          times[step.node] += (now - last).inSeconds
          last = now
        }
        for (node, time) in times.enumerated() { samples[node].append(time) }
      }
    }
    return GraphProfile(nodeSeconds: samples.map(\.median), seconds: totals.median, runs: max(runs, 1))
  }
}

extension Duration {
  /// The duration in seconds.
  public var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}

extension [Double] {
  /// The middle one, the mean of the two middle ones, or 0 for none.
  public var median: Double {
    let sorted = sorted()
    guard !sorted.isEmpty else { return 0 }
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }
}
