import NN
import OrderedCollections
import SparseKernels
import Torch

/// A network whose layers are computed in the way that was measured as the fastest; made by `Module.accelerated(example:)`.
///
/// It shares all tensors with the network that it was made of, under the same names: the dense weights are what is saved.
/// It records no gradients, and stops the program with a sentence where its weights have been changed since, where it is
/// set to training, or where its input asks for a gradient; ``run(_:)`` throws instead.
public final class AcceleratedModule: ModuleDict {
  /// What was measured and chosen.
  public let plan: AccelerationPlan
  /// The network that it was made of.
  public let original: Module
  private let substitutes: LayerSubstitutes
  private let watched: WatchedLayers
  /// All modules of the network.
  private let parts: [Module]

  /// The network's modules stand here under their own names.
  public override var propertiesWithoutChildren: Set<String> { ["original", "substitutes", "watched", "parts"] }

  init(_ original: Module, _ plan: AccelerationPlan, _ table: [ObjectIdentifier: (Tensor) -> Tensor]) {
    (self.original, self.plan, substitutes) = (original, plan, LayerSubstitutes(table))
    watched = WatchedLayers(
      original.namedModules.filter { table[ObjectIdentifier($0.value)] != nil }.map { ($0.key, $0.value) })
    parts = Array(original.namedModules.values)
    super.init(original.children)
    for (name, slot) in original.slots { slots[name] = slot }
    eval()
  }

  /// What the network computes.
  ///
  /// - Throws: ``AccelerationError``.
  public func run(_ x: Tensor) throws -> Tensor {
    if isTraining || parts.contains(where: \.isTraining) { throw AccelerationError.training }
    if x.requiresGrad, EngineModes.recordsGradients { throw AccelerationError.gradient }
    if let graph = original as? GraphModule {
      guard let first = try noGrad({ try graph.run([x]) }).first else { fatalError("a graph of one output gives one") }
      return first
    }
    try watched.check()
    return noGrad { LayerSubstitutes.$current.withValue(substitutes) { original(x) } }
  }

  /// What the network computes; traps where ``run(_:)`` throws.
  public override func forward(_ x: Tensor) -> Tensor {
    do { return try run(x) } catch { fatalError("\(error)") }
  }
}

extension Module {
  /// A module that computes the same faster: for each linear layer and convolution, LibTorch in both memory formats and
  /// sparse kernels are measured on this machine, with the batch of the example and the engine's present number of
  /// threads, and the fastest is kept; then the network as a whole is.
  ///
  /// ```swift
  /// let fast = try model.eval().accelerated(example: Tensor.randn([1, 3, 224, 224]))
  /// print(fast.plan.denseMicroseconds / fast.plan.microseconds)
  /// ```
  ///
  /// It is right for inputs of other sizes too, and measured for this one. Sums are formed in another order; how much the
  /// outputs differ is in the plan. Cost: about half a second for each layer.
  ///
  /// - Parameters:
  ///   - example: an input of the kind and size that the model is to be fast for.
  ///   - plan: one that was measured before: its choices are taken where it is for this machine and number of threads;
  ///     otherwise layers are measured anew, which the returned plan's ``AccelerationPlan/machine`` tells.
  /// - Throws: ``AccelerationError``, `SparseKernelError`.
  public func accelerated(example: Tensor, plan: AccelerationPlan? = nil) throws -> AcceleratedModule {
    if namedModules.values.contains(where: \.isTraining) { throw AccelerationError.training }
    if let graph = self as? GraphModule {
      let fast = try graph.accelerated(examples: [example], plan: plan)
      guard let plan = fast.acceleration?.plan else { throw AccelerationError.training }
      return AcceleratedModule(fast, plan, [:])
    }
    let trials = noGrad { recordLayers(example) }
    func table(_ choices: [LayerChoice]) throws -> [ObjectIdentifier: (Tensor) -> Tensor] {
      var table: [ObjectIdentifier: (Tensor) -> Tensor] = [:]
      for (found, choice) in zip(trials, choices) where choice != .dense {
        table[ObjectIdentifier(found.layer)] = try LayerKernel(found.trial.operation, choice).callAsFunction
      }
      return table
    }
    if let plan, try plan.isForThisMachine() {
      return AcceleratedModule(
        self, plan, try table(PlanSearch.choices(of: plan, for: trials.map(\.trial.operation))))
    }
    let found = try PlanSearch.plan(trials.map(\.trial), inputs: [example]) { choices in
      let substitutes = LayerSubstitutes(try table(choices))
      return { [LayerSubstitutes.$current.withValue(substitutes) { self(example) }] }
    }
    return AcceleratedModule(self, found, try table(found.layers.map(\.choice)))
  }

  /// The layers that a run calls, in order, each with its input at the first call.
  private func recordLayers(_ example: Tensor) -> [(layer: Module, trial: LayerTrial)] {
    var found: [(layer: Module, trial: LayerTrial)] = []
    var seen = Set<ObjectIdentifier>()
    var table: [ObjectIdentifier: (Tensor) -> Tensor] = [:]
    for (path, layer) in namedModules {
      guard layer.layerKind != nil else { continue }
      table[ObjectIdentifier(layer)] = { x in
        guard let operation = layer.operation(path) else { fatalError("'\(path)' has lost its weight") }
        if seen.insert(ObjectIdentifier(layer)).inserted {
          found.append((layer, LayerTrial(operation: operation, input: x.detach())))
        }
        return operation.dense(x, weight: operation.weight)
      }
    }
    _ = LayerSubstitutes.$current.withValue(LayerSubstitutes(table)) { self(example) }
    return found
  }

  /// What kind of layer this is; nil for one that stays as it is.
  private var layerKind: LayerOperation.Kind? {
    switch self {
    case is Linear: return .linear
    case let layer as Convolution:
      guard !layer.isTransposed, layer.paddingMode == .zeros, layer.kernelSize.count <= 2 else { return nil }
      func pair(_ list: [Int], flat: Int) -> ConvolutionShape.Pair {
        list.count == 1 ? .init(flat, list[0]) : .init(list[0], list[1])
      }
      let padding: [Int]
      switch layer.padding {
      case .lengths(let lengths): padding = lengths
      case .valid: padding = layer.kernelSize.map { _ in 0 }
      case .same:
        let totals = zip(layer.dilation, layer.kernelSize).map { $0 * ($1 - 1) }
        guard totals.allSatisfy({ $0 % 2 == 0 }) else { return nil }
        padding = totals.map { $0 / 2 }
      }
      let shape = try? ConvolutionShape(
        inputs: layer.inChannels, outputs: layer.outChannels, kernel: pair(layer.kernelSize, flat: 1),
        stride: pair(layer.stride, flat: 1), padding: pair(padding, flat: 0),
        dilation: pair(layer.dilation, flat: 1), groups: layer.groups)
      return shape.map { .convolution($0, dimensions: layer.kernelSize.count) }
    default: return nil
    }
  }

  private func operation(_ path: String) -> LayerOperation? {
    guard let kind = layerKind, let weight = self[optional: "weight"] else { return nil }
    return LayerOperation(path: path, kind: kind, weight: weight.detach(), bias: self[optional: "bias"]?.detach())
  }
}
