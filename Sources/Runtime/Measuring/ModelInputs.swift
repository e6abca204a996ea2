import Checkpoints
import Graphs
import NN
import Torch

/// Inputs for a model: out of a file, or drawn at random by the graph's shapes; run some samples at a time.
public struct ModelInputs {
  /// All samples, in the order of the model's inputs.
  public let tensors: [Tensor]
  /// Names in the file that the graph does not have.
  public let ignored: [String]
  /// The tensor that was asked for as the samples' classes; nil for none.
  public let labels: Tensor?
  /// Whether they were drawn at random.
  public let isRandom: Bool
  /// How many samples are run at once.
  public let batch: Int
  /// How many samples there are.
  public let sampleCount: Int

  /// Reads inputs from a file of tensors named by the graph's inputs; a single tensor serves a single input.
  ///
  /// - Parameters:
  ///   - path: the file, of any format that `Checkpoint` opens.
  ///   - model: the model that they are for.
  ///   - batch: how many samples to run at once; nil for all that the graph allows.
  ///   - labels: the name of a tensor in the file that is no input but the samples' classes; nil for none.
  /// - Throws: `CheckpointError` for the file, ``GraphRunError/input(name:expected:found:)`` where it does not fit.
  public init(contentsOf path: String, for model: GraphModule, batch: Int? = nil, labels: String? = nil) throws {
    var state = try StateDict(contentsOf: path)
    if let labels {
      guard let tensor = state[labels] else {
        throw GraphRunError.input(
          name: labels, expected: "labels of that name in '\(path)'",
          found: "no tensor '\(labels)', but " + state.keys.prefix(8).joined(separator: ", "))
      }
      state[labels] = nil
      self.labels = tensor
    } else {
      self.labels = nil
    }
    let names = model.inputNames
    if names.count == 1, state.count == 1, let only = state.values.first {
      tensors = [only]
      ignored = []
    } else {
      tensors = try names.map { name in
        guard let tensor = state[name] else {
          throw GraphRunError.input(
            name: name, expected: "a tensor of that name in '\(path)'",
            found: state.keys.prefix(8).joined(separator: ", "))
        }
        return tensor
      }
      ignored = state.keys.filter { !names.contains($0) }
    }
    isRandom = false
    (self.batch, sampleCount) = try Self.division(of: tensors, for: model, batch: batch)
  }

  /// Draws inputs by the graph's shapes: normal numbers; for indices of an embedding, indices that it has.
  ///
  /// - Parameters:
  ///   - model: the model that they are for.
  ///   - batch: how many samples; nil for 1 where the graph takes any, for what it takes otherwise.
  ///   - seed: where the random numbers begin.
  /// - Throws: ``GraphRunError/input(name:expected:found:)`` where the graph's batch is fixed and another is asked for.
  public init(randomFor model: GraphModule, batch: Int? = nil, seed: UInt64 = 0) throws {
    let graph = model.graph
    let wanted = batch ?? (graph.batchSymbol == nil ? nil : graph.smallestBatch)
    guard let symbols = graph.symbols(batch: wanted) else { throw Self.fixedBatch(graph, batch: batch) }
    let generator = Generator(seed: seed)
    tensors = try model.inputNames.map { name in
      guard let type = graph.values[name]?.tensor, let shape = type.shape(symbols), let stored = type.dtype,
        let dtype = DType(stored)
      else {
        throw GraphRunError.input(
          name: name, expected: "a shape and a dtype that the file says, to draw it at random",
          found: "\(graph.values[name]?.tensor.map { "\($0)" } ?? "no tensor"); give it with --inputs")
      }
      if dtype.isFloatingPoint { return .randn(shape, dtype: dtype, generator: generator) }
      let draws = Tensor.rand(shape, generator: generator)
      let bound = dtype == .bool ? 2 : graph.indexBound(of: name) ?? 2
      return (draws * Double(bound)).to(dtype == .bool ? .int64 : dtype).to(dtype)
    }
    (ignored, labels) = ([], nil)
    isRandom = true
    (self.batch, sampleCount) = try Self.division(of: tensors, for: model, batch: batch)
  }

  /// The inputs of each run, one after the other.
  public var batches: [[Tensor]] {
    guard sampleCount > batch else { return [tensors] }
    return stride(from: 0, to: sampleCount, by: batch).map { start in
      tensors.map { $0.narrow(0, start: start, length: min(batch, sampleCount - start)) }
    }
  }

  private static func division(
    of tensors: [Tensor], for model: GraphModule, batch: Int?
  ) throws -> (batch: Int, samples: Int) {
    let graph = model.graph
    let samples = tensors.first?.shape.first ?? 1
    guard let symbol = graph.batchSymbol else {
      let fixed = graph.fixedBatch ?? samples
      if let batch, batch != fixed { throw fixedBatch(graph, batch: batch) }
      guard fixed > 0, samples % fixed == 0 else {
        throw GraphRunError.input(
          name: model.inputNames.first ?? "", expected: "a multiple of \(fixed) samples, the batch of the export",
          found: "\(samples)")
      }
      return (fixed, samples)
    }
    let most = graph.ranges[symbol]?.maximum ?? samples
    if let batch, batch > most || batch < graph.ranges[symbol]?.minimum ?? 1 {
      throw GraphRunError.input(
        name: model.inputNames.first ?? "",
        expected: "a batch from \(graph.ranges[symbol]?.minimum ?? 1) to \(most), as the model was exported",
        found: "\(batch)")
    }
    return (max(1, min(batch ?? samples, most, max(samples, 1))), samples)
  }

  private static func fixedBatch(_ graph: Graph, batch: Int?) -> GraphRunError {
    .input(
      name: graph.userInputs.first?.name ?? "", expected: "the batch of the export, \(graph.fixedBatch ?? 1)",
      found: "\(batch ?? 0); export the model with dynamic_shapes=({0: torch.export.Dim(\"batch\", min=1, max=64)},) "
        + "for a batch of any size")
  }
}

extension Graph {
  private var batchSize: SymbolicSize? {
    userInputs.lazy.compactMap { self.values[$0.name]?.tensor?.sizes.first }.first
  }

  /// The symbol of the first dimension of the first input, where that is one.
  var batchSymbol: String? { if case .symbolic(.symbol(let name), _)? = batchSize { name } else { nil } }

  /// The first dimension of the first input, where that is fixed.
  var fixedBatch: Int? { batchSize?.fixed }

  /// The smallest batch that the graph takes.
  var smallestBatch: Int { batchSymbol.flatMap { ranges[$0]?.minimum }.map { max($0, 1) } ?? 1 }

  /// How many rows the embedding has that takes a value as indices; nil where none does.
  func indexBound(of name: String) -> Int? {
    for node in nodes where node.baseName == "embedding" && node["indices"]?.names == [name] {
      if let weight = node["weight"]?.names.first { return values[weight]?.tensor?.sizes.first?.fixed }
    }
    return nil
  }
}
