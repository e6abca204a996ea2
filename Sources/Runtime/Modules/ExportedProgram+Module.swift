import Checkpoints
import Graphs
import NN
import Torch

extension ExportedProgram {
  /// Writes the model with the weights that a module made of it has now; metadata stays.
  ///
  /// - Parameters:
  ///   - model: the module, made of this program.
  ///   - path: the file, which is written whole or not at all.
  ///   - replacing: whether something there may be replaced.
  /// - Throws: `CheckpointError` for the file, `ModuleError` for a module of another model.
  public func write(_ model: GraphModule, to path: String, replacing: Bool = true) throws {
    let sources = try file.tensors.map { info in
      TensorSource(name: info.name, type: info.type, shape: info.shape) {
        [tensor = try model.tensor(info.name)] consume in
        try tensor.detach().to(.cpu).contiguous().withUnsafeBytes(consume)
      }
    }
    try writer(to: path, replacing: replacing).writeAll(sources)
  }
}
