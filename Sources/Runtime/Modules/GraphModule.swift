import Checkpoints
import Compaction
import Graphs
import NN
import OrderedCollections
import Torch

/// A module that runs a graph: any PyTorch model that `torch.export` can write, without Python.
///
/// ```swift
/// let model = try GraphModule(contentsOf: "resnet18.pt2")
/// let logits = model(Tensor.randn([1, 3, 224, 224]))
/// try Prune.l1Unstructured(model.module(at: "layer1.0.conv1"), "weight", amount: 0.5)
/// ```
///
/// Parameters and buffers stand under PyTorch's names in modules of their own, so that pruning, optimisers, state dicts
/// and hooks work as on a network written by hand; they are read anew at each run. Dropout and norms follow the mode of
/// the module that they stand in, `Module/train(_:)`; at first the mode is that of the export. Hooks of the inner
/// modules run around the whole graph and see no inputs; an `EvidenceCollector` of inputs sees those of linear layers and of
/// convolutions of one or two dimensions.
///
/// Devices named in the graph are those of the parameters: a model exported on CUDA runs on the CPU, and moves with
/// `Module/to(_:)-device`.
public final class GraphModule: ModuleDict {
  /// The graph.
  public let graph: Graph
  /// Tensors that the graph needs and the state dict does not have, by their names.
  var constants: OrderedDictionary<String, Tensor>
  private let places: Places
  private var plan: Plan
  /// How layers are computed in other ways; nil for a model as it was read.
  let acceleration: GraphAcceleration?

  /// What the model still has of the one that it was made of, as its file says; nil where that says nothing.
  public internal(set) var keptChannels: KeptChannels?

  /// Modules stand there that are children already, under their own names.
  public override var propertiesWithoutChildren: Set<String> { ["places", "acceleration", "keptChannels"] }

  /// Where tensors stand.
  private final class Places {
    let sources: [Source]
    let inner: OrderedDictionary<String, Module>

    init(_ sources: [Source], _ inner: OrderedDictionary<String, Module>) {
      self.sources = sources
      self.inner = inner
    }
  }

  /// Where each input of the graph comes from, in order.
  var sources: [Source] { places.sources }
  /// The modules in it by their paths.
  var inner: OrderedDictionary<String, Module> { places.inner }

  /// Where an input of the graph comes from.
  enum Source {
    case user(Int)
    case own(String)
    case inner(Module, String)
    case constant(String)
    case unused
  }

  /// Reads a model and its weights, of a `.pt2` or an ONNX file.
  ///
  /// - Throws: `CheckpointError`, `GraphError` and `ONNXGraphError` for the file, ``GraphRunError`` for what cannot be run,
  ///   with all steps.
  public convenience init(contentsOf path: String, device: Device = .cpu) throws {
    try self.init(ModelFile(contentsOf: path), device: device)
  }

  /// Makes a module of a model of any format; its weights are read from its file.
  ///
  /// - Throws: as ``init(contentsOf:device:)``.
  public convenience init(_ model: ModelFile, device: Device = .cpu) throws {
    try device.require()
    let weights = try GraphWeights(model, device: device)
    try self.init(model.graph, weights: weights, device: device)
    keptChannels = KeptChannels(metadata: model.metadata)
  }

  /// Makes a module of a model; its weights are read from its file.
  ///
  /// - Parameters:
  ///   - program: the model.
  ///   - device: where the weights go and the model runs.
  /// - Throws: as ``init(contentsOf:device:)``.
  public convenience init(_ program: ExportedProgram, device: Device = .cpu) throws {
    try self.init(.exported(program), device: device)
  }

  /// Makes a module of a graph and its tensors.
  init(_ graph: Graph, weights: GraphWeights, device: Device) throws {
    self.graph = graph
    acceleration = nil
    constants = weights.constants
    let tree = ModuleTree(weights)
    var userCount = 0
    let sources = graph.inputs.map { input -> Source in
      switch input.role {
      case .user:
        guard case .tensor = input.argument else { return .unused }
        defer { userCount += 1 }
        return .user(userCount)
      case .parameter(let path), .buffer(let path, _), .constant(let path):
        if weights.constants[path] != nil { return .constant(path) }
        let (parent, name) = path.splitAtLastDot
        return tree.inner[parent].map { .inner($0, name) } ?? .own(name)
      default: return .unused
      }
    }
    places = Places(sources, tree.inner)
    plan = try PlanBuilder.plan(graph, modulePaths: Set(tree.inner.keys), device: device)
    super.init(tree.root.modules)
    for (name, slot) in tree.root.slots { slots[name] = slot }
    train(graph.isExportedForTraining)
  }

  /// The same model with its layers computed in other ways; tensors and inner modules are shared.
  init(sharing other: GraphModule, acceleration: GraphAcceleration?) throws {
    graph = other.graph
    constants = other.constants
    places = other.places
    self.acceleration = acceleration
    plan = try PlanBuilder.plan(graph, modulePaths: Set(other.inner.keys), device: other.device)
    super.init(other.modules)
    for (name, slot) in other.slots { slots[name] = slot }
    isTraining = other.isTraining
  }

  /// The module at a dotted path, this one for an empty path.
  ///
  /// - Throws: `ModuleError.noTensor` with the paths there are.
  public func module(at path: String) throws -> Module {
    guard let module = path.isEmpty ? self : inner[path] else {
      throw ModuleError.noTensor(path, module: "GraphModule", names: Array(inner.keys))
    }
    return module
  }

  /// The names of the inputs that the caller gives, in order.
  public var inputNames: [String] {
    graph.userInputs.compactMap { if case .tensor(let name) = $0.argument { name } else { nil } }
  }

  /// The names of the outputs, in order: keys of a dictionary, positions in a tuple, `output` where there is one alone.
  public var outputNames: [String] { graph.outputNames }

  /// What the model computes, for models of one input; the first output. Traps where inputs do not fit: use
  /// `run(_:)` for inputs that come from a user.
  public override func forward(_ x: Tensor) -> Tensor {
    do {
      guard let first = try execute([x]).first else { fatalError("GraphModule: the graph gives no tensor") }
      return first
    } catch {
      fatalError("GraphModule: \(error)")
    }
  }

  /// The model applied to its inputs in order: hooks, then the graph.
  ///
  /// - Throws: ``GraphRunError`` where the inputs do not fit or a step fails; nothing is left behind.
  public func run(_ inputs: [Tensor]) throws -> [Tensor] {
    try withForwardPreHooks(inputs) { try execute($0) }
  }

  /// The model applied to its inputs by name; the outputs by name.
  ///
  /// - Throws: as ``run(_:)-([Tensor])``; also for a name that is missing. Names that the graph does not have are passed
  ///   over.
  public func run(_ inputs: [String: Tensor]) throws -> OrderedDictionary<String, Tensor> {
    let list = try inputNames.map { name in
      guard let tensor = inputs[name] else {
        throw GraphRunError.input(
          name: name, expected: "a tensor", found: "none; given are \(inputs.keys.sorted().joined(separator: ", "))")
      }
      return tensor
    }
    return OrderedDictionary(zip(outputNames, try run(list))) { first, _ in first }
  }

  /// The device that the weights are on.
  public var device: Device { weightsDevice ?? plan.device }

  /// The steps, ready for the device that the weights are on.
  func currentPlan() throws -> Plan {
    let device = weightsDevice ?? plan.device
    if device != plan.device {
      plan = try PlanBuilder.plan(graph, modulePaths: Set(inner.keys), device: device)
      for (name, tensor) in constants { constants[name] = tensor.to(device) }
    }
    return plan
  }

  private var weightsDevice: Device? {
    for source in sources {
      switch source {
      case .own(let name): return slots[name]?.tensor.device
      case .inner(let module, let name): return module.slots[name]?.tensor.device
      case .user, .constant, .unused: continue
      }
    }
    return nil
  }
}

extension Graph {
  /// Whether a norm or dropout in it was training when it was exported.
  var isExportedForTraining: Bool {
    nodes.contains { node in
      ["training", "train"].contains { node[$0] == .bool(true) } && node["running_mean"] != Argument.none
    }
  }
}
