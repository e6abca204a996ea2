import Graphs
import Torch

extension GraphModule {
  /// Makes a module of a model with all its real numbers of 64 bits, and so its inputs.
  ///
  /// - Throws: as ``init(contentsOf:device:)``.
  public convenience init(doublePrecision model: ModelFile, device: Device = .cpu) throws {
    var graph = model.graph
    graph.useDoublePrecision()
    var weights = try GraphWeights(model, device: device)
    weights.convertFloats { $0.to(.float64) }
    try self.init(graph, weights: weights, device: device)
  }

  /// Makes a module of a model of torch.export with all its real numbers of 64 bits, and so its inputs.
  ///
  /// - Throws: as ``init(contentsOf:device:)``.
  public convenience init(doublePrecision program: ExportedProgram, device: Device = .cpu) throws {
    try self.init(doublePrecision: .exported(program), device: device)
  }
}
