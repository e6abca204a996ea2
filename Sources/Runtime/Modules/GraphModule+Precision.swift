import Graphs
import Torch

extension GraphModule {
  /// Makes a module of a model with all its real numbers of 64 bits, and so its inputs.
  ///
  /// - Throws: as ``init(contentsOf:device:)``.
  public convenience init(doublePrecision program: ExportedProgram, device: Device = .cpu) throws {
    var graph = program.graph
    graph.useDoublePrecision()
    var weights = try GraphWeights(program, device: device)
    weights.convertFloats { $0.to(.float64) }
    try self.init(graph, weights: weights, device: device)
  }
}
