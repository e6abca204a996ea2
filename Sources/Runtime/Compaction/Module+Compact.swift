import Checkpoints
import Compaction
import Graphs
import NN
import OrderedCollections
import Torch

extension Module {
  /// Takes channels, heads and hidden units out of the module's own layers, with all that hangs on them, and proves that
  /// it computes what it computed with those at 0.
  ///
  /// ```swift
  /// let optimizer = Adam(net.parameters)
  /// // ... training ...
  /// let report = try net.compact(CompactionRecipe(target: .amount(0.5)), example: images, optimizer: optimizer)
  /// print(report.parameters, report.macs, report.difference)
  /// // ... training goes on, with the same module and optimiser
  /// ```
  ///
  /// The module is traced in evaluation (``TracedModule``) and `Compactor` decides what goes. Parameters and buffers keep
  /// their identity and lose entries, with their gradients and with what the optimiser keeps of them; `groups` of
  /// convolutions and group norms and `heads` of `MultiheadAttention` are set. The forward pass stays what it is in
  /// Swift: it is run with the smaller tensors, traced anew and held against the masked model
  /// (`Compactor.masked(_:)`) for the example and for random numbers, in the module's precision and in that of 64 bits.
  /// Layer and RMS norms, which would need padding, keep the vectors whole that they normalise.
  ///
  /// - Parameters:
  ///   - recipe: which units go and how many.
  ///   - example: an input, as for ``TracedModule``.
  ///   - optimizer: what trains the module; parameters that it does not hold are made smaller all the same.
  ///   - dynamic: the dimensions of the input that may have any size.
  /// - Returns: what has become of the groups, and how far the outputs differ.
  /// - Throws: ``ModuleCompactionError`` where the forward pass cannot follow (`view(-1, 400)`), for pruned weights,
  ///   whose pruning must be made permanent first, and for graphs; ``TracingError``, `RecipeError`, `CompactionError`.
  ///   Tensors, gradients, optimiser, modes and random numbers are as they were then. A precondition of the module's own
  ///   that the smaller sizes break stops the program, as outside of this.
  @discardableResult
  public final func compact(
    _ recipe: CompactionRecipe, example: Tensor, optimizer: (any Optimizer)? = nil,
    dynamic: [DynamicDimension] = [.batch]
  ) throws -> ModuleCompaction {
    try compact(recipe, inputs: ["x": example], optimizer: optimizer, dynamic: dynamic) { [self($0[0])] }
  }

  /// The same for a module that is called with several inputs, or gives several outputs.
  ///
  /// ```swift
  /// try net.compact(recipe, inputs: ["ids": ids, "mask": mask]) { [net(ids: $0[0], mask: $0[1])] }
  /// ```
  /// - Parameters:
  ///   - recipe: which units go and how many.
  ///   - inputs: examples by names.
  ///   - optimizer: what trains the module.
  ///   - dynamic: the dimensions of the inputs that may have any size, at most two.
  ///   - call: calls this module with the inputs in order.
  /// - Throws: as for one input, and what `call` throws.
  @discardableResult
  public final func compact(
    _ recipe: CompactionRecipe, inputs: OrderedDictionary<String, Tensor>, optimizer: (any Optimizer)? = nil,
    dynamic: [DynamicDimension] = [.batch], _ call: ([Tensor]) throws -> [Tensor]
  ) throws -> ModuleCompaction {
    try evaluating {
      try noGrad { try Generator.preservingState { try shrink(recipe, inputs, optimizer, dynamic, call) } }
    }
  }

  private func shrink(
    _ recipe: CompactionRecipe, _ inputs: OrderedDictionary<String, Tensor>, _ optimizer: (any Optimizer)?,
    _ dynamic: [DynamicDimension], _ call: ([Tensor]) throws -> [Tensor]
  ) throws -> ModuleCompaction {
    let graphs = namedModules.filter { $0.value is GraphModule || $0.value is AcceleratedModule }.keys
    guard graphs.isEmpty else {
      throw ModuleCompactionError.problems(
        graphs.map { FreezeReason(module: $0, text: "'\($0)' runs what was fixed before; compact what it was made of") }
      )
    }
    let before = parameterCount
    func trace() throws -> TracedModule {
      try TracedModule(self, inputs: inputs, dynamic: dynamic) { try call($1) }
    }
    let traced = try trace()
    let compactor = try traced.compactor()
    let choice = try compactor.choose(recipe)
    let additions = compactor.additions(choice)
    guard additions.isEmpty else { throw ModuleCompactionError.problems(additions) }
    let smaller = try compactor.compacted(choice).graph
    let slicing = try ModuleSlicing(self, compactor.slices(choice), smaller)
    let rehearsal = try Rehearsal(self, inputs, dynamic, call)
    let proof = try ModuleProof(traced, compactor.masked(choice))
    slicing.apply()
    let differences: ModuleProof.Differences
    do {
      if let refusal = try rehearsal.refusal(self, call, { slicing.restore() }) {
        throw ModuleCompactionError.problems([refusal])
      }
      let anew = try trace()
      differences = try proof.differences(call, anew)
      guard differences.areSmall else {
        let unlike = anew.graph.stepsUnlike(smaller)
        throw unlike.isEmpty
          ? ModuleCompactionError.difference(differences.worst, limit: differences.limit) : .problems(unlike)
      }
    } catch {
      slicing.restore()
      throw error
    }
    try slicing.commit(optimizer)
    return ModuleCompaction(
      groups: compactor.channels(choice).map {
        .init(name: $0.name, channels: .init(before: $0.before, after: $0.after))
      },
      parameters: .init(before: before, after: parameterCount),
      macs: .init(before: compactor.cost(.macs, .init(units: [])), after: compactor.cost(.macs, choice)),
      leftWhole: compactor.leftWhole, unseen: traced.unseenParameters, difference: differences.single,
      doubleDifference: differences.double, kept: KeptChannels(compactor.slices(choice)))
  }
}

extension TracedModule {
  /// What its graph can lose, the forward pass staying as it is, as for `Module.compact`.
  ///
  /// - Throws: `CompactionError`.
  public func compactor() throws -> Compactor {
    var paths: [UnsafeRawPointer: [String]] = [:]
    for (path, slot) in state { if let tensor = slot.plainTensor { paths[tensor.identity, default: []].append(path) } }
    return try Compactor(
      graph, weights: state.map { $1.tensor.source($0) } + constants.map { $1.source($0) },
      sharing: paths.values.filter { $0.count > 1 }, options: CompactionOptions(padsNorms: false))
  }

  /// Parameters that no step takes, under any of their paths.
  fileprivate var unseenParameters: [String] {
    let used = Set(graph.nodes.flatMap(\.inputNames) + graph.outputs.flatMap(\.argument.names))
    let seen = Set(
      graph.inputs.filter { used.contains($0.name) }.compactMap {
        $0.role.path.flatMap { state[$0]?.parameter?.identity }
      })
    return state.filter { path, slot in slot.parameter.map { !seen.contains($0.identity) } ?? false }.map(\.key)
  }
}

extension Compactor {
  /// The channels of each group before and after.
  fileprivate func channels(_ choice: Choice) -> [(name: String, before: Int, after: Int)] {
    let gone = Set(choice.units)
    return groups.map { group in
      (group.name, group.units.count * group.width, group.units.count { !gone.contains($0) } * group.width)
    }
  }
}

extension Graph {
  /// Steps whose numbers are not those of a graph of the same steps.
  fileprivate func stepsUnlike(_ other: Graph) -> [FreezeReason] {
    guard nodes.map(\.baseName) == other.nodes.map(\.baseName) else { return [] }
    return zip(nodes, other.nodes).compactMap { mine, its in
      let unlike = mine.inputs.first {
        $0.argument.isNumeric && its[$0.name].map(\.isNumeric) == true
          && its[$0.name] != $0.argument
      }
      return unlike.map { input in
        FreezeReason(
          operation: mine.operatorName ?? mine.target, module: mine.modulePath,
          text: "it says '\(input.name)' as before, and the smaller weights need another one")
      }
    }
  }
}

extension Argument {
  fileprivate var isNumeric: Bool {
    switch self {
    case .int, .ints, .float, .floats: true
    default: false
    }
  }
}

extension Slot {
  /// The tensor itself; nil for one that is computed.
  var plainTensor: Tensor? {
    switch self {
    case .parameter(let tensor), .buffer(let tensor): tensor
    case .computed, .computedBuffer: nil
    }
  }
}
