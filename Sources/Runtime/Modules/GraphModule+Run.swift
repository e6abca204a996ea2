import Graphs
import NN
import Torch

extension GraphModule {
  /// Runs the graph, without the hooks of this module.
  ///
  /// - Parameters:
  ///   - replacements: what is done instead of steps; by default what the model's acceleration says.
  ///   - observe: called after each step, for measuring.
  func execute(
    _ inputs: [Tensor], replacements: [Int: Plan.Replacement]? = nil, observe: ((Int, Plan.Step) -> Void)? = nil
  ) throws -> [Tensor] {
    let plan = try currentPlan()
    let inputs = try checked(inputs)
    if let acceleration {
      if isPartlyTraining { throw AccelerationError.training }
      if EngineModes.recordsGradients {
        if inputs.contains(where: \.requiresGrad) { throw AccelerationError.gradient }
        return try noGrad { try execute(inputs, replacements: replacements, observe: observe) }
      }
      try acceleration.watched.check()
    }
    var replacements = replacements ?? acceleration?.replacements ?? [:]
    for (step, look) in taps(in: plan) where replacements[step] == nil { replacements[step] = look }
    // Hooks of inner modules prepare their tensors, as pruning does.
    let hooked = inner.values.filter { !$0.forwardPreHooks.isEmpty }
    return try within(hooked[...]) { [replacements] in try execute(plan, inputs, replacements, observe) }
  }

  /// Runs the steps up to one of them for what is seen on the way; what they make of buffers is not put in its place.
  func look(_ inputs: [Tensor], at looks: [Int: Plan.Replacement], through last: Int) throws {
    let plan = try currentPlan()
    let inputs = try checked(inputs)
    let hooked = inner.values.filter { !$0.forwardPreHooks.isEmpty }
    try within(hooked[...]) { _ = try execute(plan, inputs, looks, through: last, nil) }
  }

  private func within<R>(_ modules: ArraySlice<Module>, _ body: () throws -> R) throws -> R {
    guard let first = modules.first else { return try body() }
    return try first.withForwardPreHooks([]) { _ in try within(modules.dropFirst(), body) }
  }

  private func execute(
    _ plan: Plan, _ inputs: [Tensor], _ replacements: [Int: Plan.Replacement], through last: Int? = nil,
    _ observe: ((Int, Plan.Step) -> Void)?
  ) throws -> [Tensor] {
    var held: [Tensor] = []  // what the table borrows
    held.reserveCapacity(sources.count)
    let outputs = try plan.run(replacements: replacements, through: last) { table in
      for (index, source) in sources.enumerated() {
        guard let slot = plan.inputs[index] else { continue }
        let found: Tensor? =
          switch source {
          case .user(let position): inputs[position]
          case .own(let name): slots[name]?.tensor
          case .inner(let module, let name): module.slots[name]?.tensor
          case .constant(let name): constants[name]
          case .unused: nil
          }
        guard let found else {
          throw GraphRunError.weights([
            "'\(graph.inputs[index].role.path ?? graph.inputs[index].name)' is not there any more"
          ])
        }
        held.append(found)
        table.lend(found, at: slot)
      }
      for (slot, path) in plan.modes { table.put(inner[path]?.isTraining ?? isTraining, at: slot) }
    } observe: {
      observe?($0, $1)
    } finish: { table in
      if last != nil { return [Tensor]() }
      let results = try collect(plan, table)
      for counter in plan.counters where table.bool(at: counter.mode) { count(counter.path) }
      return results
    }
    withExtendedLifetime(held) {}
    return outputs
  }

  /// The outputs for the caller; new contents of buffers and inputs are put into their places.
  private func collect(_ plan: Plan, _ table: ValueTable) throws -> [Tensor] {
    var results: [Tensor] = []
    for (output, place) in zip(graph.outputs, plan.outputs) {
      let tensor: Tensor?
      switch place {
      case nil: tensor = nil
      case let (slot, .tensor)?: tensor = table.tensor(at: slot)
      case let (slot, .int)?: tensor = Tensor([table.int(at: slot)], shape: [])
      case let (slot, .double)?: tensor = Tensor([table.double(at: slot)], shape: [])
      case let (slot, .bool)?: tensor = Tensor([table.bool(at: slot)], shape: [])
      }
      switch output.role {
      case .user, .loss:
        guard let tensor else { continue }
        results.append(tensor)
      case .bufferMutation(let path), .parameterMutation(let path):
        guard let tensor, let target = try? self.tensor(path) else { continue }
        noGrad { _ = target.copy(from: tensor) }
      case .inputMutation(let name):
        guard let tensor, let index = graph.inputs.firstIndex(where: { $0.name == name }),
          let slot = plan.inputs[index], let target = table.tensor(at: slot)
        else { continue }
        noGrad { _ = target.copy(from: tensor) }
      case .parameterGradient, .inputGradient, .token, .unknown: continue
      }
    }
    return results
  }

  /// Counts a batch that a norm in training has seen.
  private func count(_ path: String) {
    let name = path.isEmpty ? "num_batches_tracked" : path + ".num_batches_tracked"
    guard let counter = try? tensor(name) else { return }
    noGrad { _ = try? callOperator("add_.Tensor", [counter, 1]) }
  }
}
