import Checkpoints

/// A model in a file, its graph and tensors, whatever the format: `.pt2` of torch.export, or ONNX.
public enum ModelFile: Sendable {
  /// A model of torch.export.
  case exported(ExportedProgram)
  /// A model in ONNX's format.
  case onnx(ONNXModel)

  /// Opens a model by what the file holds.
  ///
  /// - Throws: `CheckpointError` for a file that holds no model, ``GraphError`` and ``ONNXGraphError`` for its graph.
  public init(contentsOf path: String) throws { try self.init(Checkpoint.open(path), for: "open") }

  /// Reads the model of an open file.
  ///
  /// - Parameters:
  ///   - checkpoint: the file.
  ///   - operation: what is being done, for messages.
  /// - Throws: as ``init(contentsOf:)``.
  public init(_ checkpoint: Checkpoint, for operation: String) throws {
    if let file = checkpoint.exportedModel {
      self = .exported(try ExportedProgram(file))
    } else if let file = checkpoint.onnxModel {
      self = .onnx(try ONNXModel(file))
    } else {
      throw CheckpointError(
        .unsupported, operation, file: checkpoint.path, expected: "a model of torch.export or ONNX",
        found: "\(checkpoint.format), weights alone",
        advice: "export the model in Python; bonsai help run shows how")
    }
  }

  /// Text that travels with the model.
  public var metadata: CheckpointMetadata {
    switch self {
    case .exported(let program): program.file.metadata
    case .onnx(let model): model.file.metadata
    }
  }

  /// The graph.
  public var graph: Graph {
    get {
      switch self {
      case .exported(let program): program.graph
      case .onnx(let model): model.graph
      }
    }
    set {
      switch self {
      case .exported(var program):
        program.graph = newValue
        self = .exported(program)
      case .onnx(var model):
        model.graph = newValue
        self = .onnx(model)
      }
    }
  }
}

extension Graph {
  /// Reads the graph of a model, `.pt2` or ONNX; ``ModelFile`` keeps the tensors beside it.
  ///
  /// - Throws: as ``ModelFile/init(contentsOf:)``.
  public init(contentsOf path: String) throws { self = try ModelFile(contentsOf: path).graph }
}
