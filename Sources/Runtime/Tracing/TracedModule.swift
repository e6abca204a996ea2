import Checkpoints
import Graphs
import NN
import OrderedCollections
import Torch

/// A Swift module as a graph, with the tensors that the graph takes.
///
/// ```swift
/// let traced = try TracedModule(model.eval(), example: Tensor.zeros([1, 1, 28, 28]))
/// print(traced.graph)
/// try traced.write(to: "lenet.pt2")            // torch.export.load("lenet.pt2") in Python
/// let twin = try GraphModule(traced)            // runs the graph on the same parameters
/// ```
///
/// The module is run a few times, at several sizes of its dynamic dimensions, and every operator is heard: numbers that
/// follow the sizes are computed in the graph, all others are constants. What cannot be heard or would be something else
/// in the graph is an error that names the step (``TracingError``), or a note where the graph is right for the inputs
/// that it was traced with (``notes``): random numbers, tensors that are no part of the module, numbers read from
/// parameters. The module is as before afterwards, running statistics included.
public struct TracedModule {
  /// The graph: the module in the mode, training or evaluation, in which it was.
  public let graph: Graph
  /// What the graph has in another form, each with the step.
  public let notes: [TracingNote]
  /// Parameters and buffers of the module by their paths.
  let state: OrderedDictionary<String, Slot>
  /// Tensors that the graph needs besides, by their names.
  let constants: OrderedDictionary<String, Tensor>
  /// The paths of all modules.
  let modules: [String]
  /// The inputs of the first run.
  let example: [Tensor]

  /// Traces a module of one input and one output.
  ///
  /// - Parameters:
  ///   - module: the module, in training or evaluation.
  ///   - example: an input; its first row or rows are repeated where other sizes are wanted.
  ///   - dynamic: the dimensions that may have any size, at most two; none for a graph of fixed sizes.
  /// - Throws: ``TracingError``. Operators that refuse a size stop the program, as outside of tracing.
  public init(_ module: Module, example: Tensor, dynamic: [DynamicDimension] = [.batch]) throws {
    try self.init(module, inputs: ["x": example], dynamic: dynamic) { [$0($1[0])] }
  }

  /// Traces a module that is called with several inputs, or gives several outputs.
  ///
  /// ```swift
  /// try TracedModule(attention, inputs: ["query": q, "key": k]) { [$0($1[0], $1[1], $1[1]).output] }
  /// ```
  /// - Parameters:
  ///   - module: the module, in training or evaluation.
  ///   - inputs: examples by the names that the graph gives to them.
  ///   - dynamic: the dimensions that may have any size, at most two.
  ///   - call: calls the module with the inputs in order.
  /// - Throws: ``TracingError``, and what `call` throws.
  public init<M: Module>(
    _ module: M, inputs: OrderedDictionary<String, Tensor>, dynamic: [DynamicDimension] = [.batch],
    _ call: (M, [Tensor]) throws -> [Tensor]
  ) throws {
    let samples = SizeSamples(try Self.sizes(inputs, dynamic))
    func given(_ sizes: [Int]) -> [Tensor] { Self.inputs(inputs, dynamic, sizes) }
    var runs: [TracedRun] = []
    for sizes in samples.runs {
      runs.append(try TracedRun(module, given(sizes), call))
    }
    var builder = TraceBuilder(
      module: module, runs: runs, samples: samples, inputNames: Array(inputs.keys), dynamic: dynamic)
    graph = try builder.build()
    notes = builder.notes
    constants = builder.constants
    state = module.tracedSlots
    modules = Array(module.namedModules.keys)
    example = given(samples.runs[0])
    try checkSingle(module, given, samples, dynamic, call)
  }

  /// The examples at other sizes of the dynamic dimensions.
  static func inputs(
    _ examples: OrderedDictionary<String, Tensor>, _ dynamic: [DynamicDimension], _ sizes: [Int]
  ) -> [Tensor] {
    examples.map { name, tensor in
      zip(dynamic, sizes).reduce(tensor.detach().clone()) {
        $1.0.concerns(name, $0) ? $0.cut($1.0.axis, to: $1.1) : $0
      }
    }
  }

  /// The sizes at which each dimension is sampled.
  static func sizes(
    _ inputs: OrderedDictionary<String, Tensor>, _ dynamic: [DynamicDimension]
  ) throws(TracingError) -> [[Int]] {
    guard dynamic.count <= 2 else {
      throw .example("\(dynamic.count) dynamic dimensions are asked for; two are possible, the others keep their sizes")
    }
    var result: [[Int]] = []
    for dimension in dynamic {
      let named = inputs.filter { dimension.concerns($0.key, $0.value) }
      guard let size = named.values.first?.shape[dimension.axis] else {
        throw .example(
          "no input has the dimension \(dimension.axis) for '\(dimension.name)'; inputs are "
            + inputs.map { "\($0) \($1.shape)" }.joined(separator: ", "))
      }
      if let other = named.first(where: { $0.value.shape[dimension.axis] != size }) {
        throw .example(
          "'\(dimension.name)' is \(size) in the first input and \(other.value.shape[dimension.axis]) in '\(other.key)'"
        )
      }
      guard size > 0 else { throw .example("the example is empty along '\(dimension.name)'; give one with entries") }
      let samples = dimension.samples(near: size)
      guard samples.count >= 2 else {
        throw .example(
          "'\(dimension.name)' may be \(dimension.minimum) to \(dimension.maximum.map(String.init) ?? "any"); two sizes of 2 "
            + "and more are needed to see what follows it: widen the range, or leave the dimension out")
      }
      result.append(samples)
    }
    return result
  }

  /// Writes the graph with its tensors: as a file that `torch.export.load` reads, and `GraphModule` and
  /// `ExportedProgram` here; under a name ending in `.onnx` as an ONNX model.
  ///
  /// - Parameters:
  ///   - path: the target.
  ///   - replacing: whether an existing file may be replaced.
  ///   - opset: for ONNX, the version of its operators, 18 to 23.
  /// - Throws: `CheckpointError` for the file; an earlier one is as it was then. `GraphError.notInONNX` for steps that ONNX
  ///   does not have.
  public func write(to path: String, replacing: Bool = true, opset: Int = 18) throws {
    var owners: [UnsafeRawPointer: String] = [:]
    if path.hasSuffix(".onnx") {
      var sharing: [String: String] = [:]
      for (name, slot) in state {
        if let owner = owners[slot.tensor.identity] { sharing[name] = owner }
        owners[slot.tensor.identity] = owners[slot.tensor.identity] ?? name
      }
      return try graph.writeONNX(to: path, opset: opset, replacing: replacing, sharing: { sharing[$0] }) { name, _ in
        guard let tensor = constants[name] ?? state[name]?.tensor else {
          throw GraphError.noSuch("tensor", name: name, names: Array(state.keys))
        }
        return tensor.source(name)
      }
    }
    let weights = state.map { name, slot in
      let tensor = slot.tensor
      let owner = owners[tensor.identity]
      owners[tensor.identity] = owner ?? name
      return PT2Tensor(
        tensor.source(name), isParameter: slot.parameter != nil, requiresGrad: tensor.requiresGrad, sharing: owner)
    }
    try PT2Archive.write(
      to: path, graph: graph.exportedText(modules: modules), weights: weights,
      constants: constants.map { PT2Tensor($1.source($0)) },
      inputs: example.enumerated().map { $1.source("\($0)") }, replacing: replacing)
  }
}

extension Graph {
  /// The graph of a Swift module of one input and one output; see ``TracedModule``.
  ///
  /// - Throws: ``TracingError``.
  public init(tracing module: Module, example: Tensor, dynamic: [DynamicDimension] = [.batch]) throws {
    self = try TracedModule(module, example: example, dynamic: dynamic).graph
  }
}

extension GraphModule {
  /// A module that runs the graph of a traced one, on the same parameters and buffers: training either trains both.
  ///
  /// Tensors of the traced module that are exchanged afterwards for others, as pruning does with `weight`, stay here as
  /// they were.
  ///
  /// - Throws: ``GraphRunError`` for steps that cannot be run.
  public convenience init(_ traced: TracedModule) throws {
    let device = traced.state.values.lazy.compactMap(\.parameter).first?.device ?? .cpu
    try self.init(
      traced.graph, weights: GraphWeights(state: traced.state, constants: traced.constants), device: device)
  }
}

extension DynamicDimension {
  /// Whether an input has it.
  func concerns(_ name: String, _ tensor: Tensor) -> Bool { inputs?.contains(name) ?? true && tensor.rank > axis }
}

extension Tensor {
  /// As many parts along a dimension as asked for, from the beginning again where there are fewer.
  fileprivate func cut(_ axis: Int, to size: Int) -> Tensor {
    let length = shape[axis]
    guard size != length else { return self }
    return call("index_select", self, axis, Tensor((0..<size).map { Int64($0 % length) }))
  }

  /// The entries on their way into a file.
  func source(_ name: String) -> TensorSource {
    TensorSource(name: name, type: dtype.storedType, shape: shape) { consume in
      try self.detach().to(.cpu).contiguous().withUnsafeBytes(consume)
    }
  }
}
