import Graphs
import NN
import OrderedCollections
import SparseKernels
import Torch

extension GraphModule {
  /// The plan of an accelerated model; nil for one that is as it was read.
  public var accelerationPlan: AccelerationPlan? { acceleration?.plan }

  /// A module that computes the same faster, as `Module.accelerated(example:plan:)` does. A sparse kernel also does what
  /// follows its layer alone: a norm in evaluation, and ReLU, SiLU or GELU.
  ///
  /// It shares all tensors with this one, so that what is saved is dense. It records no gradients; runs throw
  /// ``AccelerationError`` where weights have been changed since, or where it is set to training.
  ///
  /// - Parameters:
  ///   - examples: the inputs, in order, of the size that the model is to be fast for.
  ///   - given: one that was measured before, as for modules.
  /// - Throws: ``AccelerationError``, ``GraphRunError``, `SparseKernelError`.
  public func accelerated(examples: [Tensor], plan given: AccelerationPlan? = nil) throws -> GraphModule {
    if isPartlyTraining { throw AccelerationError.training }
    let base = try GraphModule(sharing: self, acceleration: nil)
    let steps = try base.currentPlan()
    let layers = GraphLayer.all(in: steps)
    var found: [(layer: GraphLayer, trial: LayerTrial)] = []
    var looks: [Int: Plan.Replacement] = [:]
    for layer in layers {
      looks[layer.step] = .look { table in
        guard let input = table.tensor(at: layer.input), let operation = layer.operation(table) else { return }
        // A copy: operators in place may change the input later.
        found.append((layer, LayerTrial(operation: operation, input: input.detach().clone())))
      }
    }
    _ = try noGrad { try base.execute(examples, replacements: looks) }

    func module(_ plan: AccelerationPlan, _ choices: [LayerChoice]) throws -> GraphModule {
      var replacements: [Int: Plan.Replacement] = [:]
      for (entry, choice) in zip(found, choices) where choice != .dense {
        let kernel = try LayerKernel(entry.trial.operation, choice)
        replacements[entry.layer.step] = .compute(
          kernel.callAsFunction, input: entry.layer.input, output: entry.layer.output)
        for step in entry.layer.skipped { replacements[step] = .skip }
      }
      let taken = zip(found, choices).filter { $1 != .dense }.map(\.0.layer)
      return try GraphModule(
        sharing: self, acceleration: GraphAcceleration(plan, replacements, WatchedLayers(modules(of: taken, steps))))
    }
    if let given, try given.isForThisMachine() {
      return try module(given, PlanSearch.choices(of: given, for: found.map(\.trial.operation)))
    }
    let unmeasured = AccelerationPlan(
      machine: try .current(), inputs: [], layers: [], originalMicroseconds: 0, denseMicroseconds: 0, microseconds: 0,
      largestDifference: 0)
    let plan = try PlanSearch.plan(found.map(\.trial), inputs: examples) { choices in
      let module = try module(unmeasured, choices)
      return { try module.run(examples) }
    }
    return try module(plan, plan.layers.map(\.choice))
  }

  /// The modules that hold the weights of layers, by their paths.
  private func modules(of layers: [GraphLayer], _ steps: Plan) -> [(path: String, module: Module)] {
    let slots = layers.reduce(into: Set<Int>()) { $0.formUnion($1.weights) }
    let paths = Dictionary(inner.map { (ObjectIdentifier($0.value), $0.key) }) { first, _ in first }
    var found: OrderedDictionary<String, Module> = [:]
    for (index, source) in sources.enumerated() {
      guard let slot = steps.inputs[index], slots.contains(slot) else { continue }
      switch source {
      case .own: found[""] = self
      case .inner(let module, _): found[paths[ObjectIdentifier(module)] ?? ""] = module
      case .user, .constant, .unused: continue
      }
    }
    return found.map { ($0.key, $0.value) }
  }

  /// Whether this module or one within it is in training.
  var isPartlyTraining: Bool { isTraining || inner.values.contains(where: \.isTraining) }
}
