import Graphs
import NN
import Torch

/// Makes a graph ready to run.
struct PlanBuilder {
  private let graph: Graph
  private let modulePaths: Set<String>
  let plan: Plan
  private var kinds: [PreparedArgument.Kind] = []
  private var handles: [String: OperatorHandle] = [:]
  private var modes: [String: Int] = [:]
  private var unsupported: [GraphRunError.UnsupportedStep] = []
  /// The slots of each value's name, in the graph being walked.
  private var slots: [String: Int] = [:]
  private var values: [String: PreparedArgument.Kind] = [:]
  /// Names of running means with the paths of their modules.
  private var means: [String: String] = [:]
  /// Names of counters of batches, in the outermost graph.
  private var counters: [String: String] = [:]

  private init(_ graph: Graph, modulePaths: Set<String>, device: Device) {
    self.graph = graph
    self.modulePaths = modulePaths
    plan = Plan(device: device)
  }

  /// - Parameter modulePaths: the paths of the modules that there are, whose modes count.
  /// - Throws: ``GraphRunError/unsupported(_:)`` with all steps that cannot be run.
  static func plan(_ graph: Graph, modulePaths: Set<String>, device: Device) throws -> Plan {
    var builder = PlanBuilder(graph, modulePaths: modulePaths, device: device)
    try builder.build()
    return builder.plan
  }

  private mutating func build() throws {
    for input in graph.inputs {
      guard case .buffer(let path, _) = input.role else { continue }
      let (module, name) = path.splitAtLastDot
      if name == "running_mean" { means[input.name] = module }
      if name == "num_batches_tracked" { counters[input.name] = module }
    }
    for input in graph.inputs {
      switch input.argument {
      case .tensor(let name): plan.inputs.append(newSlot(.tensor, name))
      case .symbolicInt(.name(let name)): plan.inputs.append(newSlot(.int, name))
      default: plan.inputs.append(nil)
      }
      if case .user = input.role { continue }
      if let slot = plan.inputs.last ?? nil { plan.weights.insert(slot) }
    }
    for (index, node) in graph.nodes.enumerated() { walk(node, of: graph, at: index, module: node.modulePath) }
    guard unsupported.isEmpty else { throw GraphRunError.unsupported(unsupported) }
    plan.outputs = graph.outputs.map { output in
      output.argument.names.first.flatMap { slots[$0] }.map { ($0, kinds[$0]) }
    }
    // Counters that the graph does not move itself.
    let counted = Set(graph.nodes.flatMap(\.inputNames))
    plan.counters.removeAll { counter in counters.contains { $0.value == counter.path && counted.contains($0.key) } }
    free()
    plan.slotCount = kinds.count
    plan.modes = modes.map { ($0.value, $0.key) }
  }

  /// Tensors are released after the step that is the last to use them, outputs at the end.
  private mutating func free() {
    let inputs = Set(plan.inputs.compactMap { $0 })
    let kept = inputs.union(plan.outputs.compactMap { $0?.slot })
    var seen = Set<Int>()
    for index in plan.steps.indices.reversed() {
      for slot in plan.steps[index].uses where !kept.contains(slot) && seen.insert(slot).inserted {
        plan.steps[index].frees.append(slot)
      }
    }
    plan.owned = kinds.indices.filter { kinds[$0] == .tensor && !inputs.contains($0) }
  }

  private mutating func newSlot(_ kind: PreparedArgument.Kind, _ name: String? = nil) -> Int {
    kinds.append(kind)
    if let name { slots[name] = kinds.count - 1 }
    return kinds.count - 1
  }

  private mutating func append(
    _ action: Plan.Action, _ node: Node, at index: Int, module: String, uses used: [Int],
    tensors: [String: Int] = [:], results: [Int?] = []
  ) {
    plan.steps.append(
      Plan.Step(
        action: action, node: index, operation: node.operatorName ?? node.target, module: module, call: node,
        tensors: tensors, results: results, uses: used))
  }

  private mutating func refuse(_ node: Node, _ module: String, _ reason: String) {
    unsupported.append(.init(operation: node.operatorName ?? node.target, module: module, reason: reason))
  }

  private mutating func mode(of module: String) -> Int {
    let path = modulePaths.contains(module) ? module : ""
    if let slot = modes[path] { return slot }
    let slot = newSlot(.bool)
    modes[path] = slot
    return slot
  }
}

extension PlanBuilder {
  private mutating func walk(_ node: Node, of graph: Graph, at index: Int, module: String) {
    if let reason = node.refusal { return refuse(node, module, reason) }
    switch node.target {
    case "torch.ops.higher_order.wrap_with_set_grad_enabled", "torch.ops.higher_order.wrap_with_autocast":
      inline(node, at: index, module: module)
      return
    case "torch.ops.aten.sym_size.int", "torch.ops.aten.sym_stride.int", "torch.ops.aten.sym_numel.default":
      guard case .tensor(let name)? = node.inputs.first?.argument, let tensor = slots[name],
        let output = node.outputNames.first
      else { return refuse(node, module, "its arguments are not those of its schema") }
      let dimension = if case .int(let value)? = node["dim"] { value } else { 0 }
      let part: ValueTable.LayoutPart =
        switch node.baseName {
        case "sym_size": .size(dimension)
        case "sym_stride": .stride(dimension)
        default: .count
        }
      append(
        .layout(tensor: tensor, part, output: newSlot(.int, output)), node, at: index, module: module, uses: [tensor])
      return
    default: break
    }
    if ScalarOperation.knows(node.target) { return scalar(node, at: index, module: module) }
    guard let name = node.operatorName else {
      return refuse(node, module, "it is none of LibTorch's operators")
    }
    do {
      let handle = try handles[name] ?? OperatorHandle(name)
      handles[name] = handle
      try call(node, handle, at: index, module: module)
    } catch let error as TorchError {
      if case .engine(_, let message) = error {
        refuse(node, module, message)
      } else {
        refuse(node, module, "\(error)")
      }
    } catch let reason as Reason {
      refuse(node, module, reason.text)
    } catch {
      refuse(node, module, "\(error)")
    }
  }

  /// Why a step cannot be run.
  private struct Reason: Error { var text: String }

  private mutating func call(_ node: Node, _ handle: OperatorHandle, at index: Int, module: String) throws {
    var placed = [PreparedArgument](repeating: .absent, count: handle.argumentNames.count)
    var used: [Int] = []
    var tensors: [String: Int] = [:]
    for (position, input) in node.inputs.enumerated() {
      guard let place = handle.argumentNames.firstIndex(of: input.name) ?? (input.name.isEmpty ? position : nil),
        place < placed.count
      else { throw Reason(text: "it has no argument '\(input.name)'") }
      placed[place] = try prepared(input.argument)
      used += input.argument.names.compactMap { slots[$0] }.filter { kinds[$0] == .tensor }
      switch input.argument {
      case .tensor(let name), .optionalTensor(let name?): tensors[handle.argumentNames[place]] = slots[name]
      default: break
      }
    }
    var isForTraining: Int?
    if let place = handle.argumentNames.firstIndex(where: Self.modeNames.contains), followsMode(node) {
      let slot = mode(of: module)
      placed[place] = .slot(slot, .bool)
      if case .tensor(let mean)? = node["running_mean"], let path = means[mean] {
        plan.counters.append((path, slot))
      }
    }
    if node.baseName == "add_", case .tensor(let name)? = node["self"], counters[name] != nil {
      isForTraining = mode(of: module)
    }
    var outputs: [Int?] = []
    for output in node.outputs {
      switch output {
      case .none: continue
      case .tensor(let name), .optionalTensor(let name?): outputs.append(newSlot(.tensor, name))
      case .tensors(let names): outputs += names.map { newSlot(.tensor, $0) }
      case .optionalTensor(nil): outputs.append(nil)
      case .optionalTensors(let names): outputs += names.map { name in name.map { newSlot(.tensor, $0) } }
      case .symbolicInt(.name(let name)): outputs.append(newSlot(.int, name))
      case .symbolicFloat(.name(let name)): outputs.append(newSlot(.double, name))
      case .symbolicBool(.name(let name)): outputs.append(newSlot(.bool, name))
      default: throw Reason(text: "it gives a value of another kind")
      }
    }
    used += outputs.compactMap { $0 }.filter { kinds[$0] == .tensor }
    let call = PreparedCall(handle, placed, outputs: outputs)
    append(
      isForTraining.map { .callInTraining(call, mode: $0) } ?? .call(call), node, at: index, module: module, uses: used,
      tensors: tensors, results: outputs)
  }

  private static let modeNames: Set<String> = ["training", "train", "use_input_stats"]

  /// Whether the module's mode decides: not for norms without running statistics, which are the same in both.
  private func followsMode(_ node: Node) -> Bool {
    guard node.inputs.contains(where: { $0.name == "running_mean" }) else { return true }
    return node["running_mean"] != Argument.none
  }

  private func kind(of name: String) throws -> (slot: Int, kind: PreparedArgument.Kind) {
    guard let slot = slots[name] else { throw Reason(text: "it takes '\(name)', which is not computed") }
    return (slot, kinds[slot])
  }

  private func prepared(_ argument: Argument) throws -> PreparedArgument {
    func slot(_ name: String) throws -> PreparedArgument {
      let (slot, kind) = try kind(of: name)
      return .slot(slot, kind)
    }
    func tensor(_ name: String?) throws -> Int? { try name.map { try kind(of: $0).slot } }
    switch argument {
    case .none, .optionalTensor(nil): return .constant(.none)
    case .tensor(let name), .optionalTensor(let name?): return try slot(name)
    case .tensors(let names): return .tensors(try names.map(tensor))
    case .optionalTensors(let names): return .tensors(try names.map(tensor))
    case .int(let value): return .constant(.int(value))
    case .ints(let values): return .constant(.ints(values))
    case .float(let value): return .constant(.double(value))
    case .floats(let values): return .constant(.doubles(values))
    case .bool(let value): return .constant(.bool(value))
    case .bools(let values): return .constant(.bools(values))
    case .string(let text): return .constant(.string(text))
    case .dtype(let type): return .constant(.int(type.engineNumber))
    case .layout(let layout): return .constant(.int(layout.engineNumber))
    case .memoryFormat(let format): return .constant(.int(format.engineNumber))
    case .device: return .constant(.device(plan.device))
    case .symbolicInt(.constant(let value)): return .constant(.int(value))
    case .symbolicFloat(.constant(let value)): return .constant(.double(value))
    case .symbolicBool(.constant(let value)): return .constant(.bool(value))
    case .symbolicInt(.name(let name)), .symbolicFloat(.name(let name)), .symbolicBool(.name(let name)):
      return try slot(name)
    case .symbolicInts(let list): return .ints(try list.map { try entry($0) })
    case .symbolicFloats(let list): return .doubles(try list.map { try entry($0) })
    case .complex, .symbolicBools, .strings, .intLists, .floatLists, .nestedTensors, .graph, .object, .operation,
      .dictionary:
      throw Reason(text: "it takes an argument of a kind that LibTorch is not given from here")
    case .unknown(let kind, _): throw Reason(text: "it takes an argument of the kind '\(kind)'")
    }
  }

  private func entry<N>(_ one: Argument.Symbolic<N>) throws -> PreparedArgument.Entry<N> {
    switch one {
    case .constant(let value): .constant(value)
    case .name(let name): .slot(try kind(of: name).slot)
    }
  }

  /// Arithmetic of Python on numbers.
  private mutating func scalar(_ node: Node, at index: Int, module: String) {
    var arguments: [Plan.ScalarArgument] = []
    for input in node.inputs {
      switch input.argument {
      case .int(let value), .symbolicInt(.constant(let value)): arguments.append(.constant(.int(value)))
      case .float(let value), .symbolicFloat(.constant(let value)): arguments.append(.constant(.double(value)))
      case .bool(let value), .symbolicBool(.constant(let value)): arguments.append(.constant(.bool(value)))
      case .symbolicInts(let list):
        for one in list {
          switch one {
          case .constant(let value): arguments.append(.constant(.int(value)))
          case .name(let name): arguments.append(.slot(slots[name] ?? 0, .int))
          }
        }
      case let argument:
        guard let name = argument.names.first, let slot = slots[name], kinds[slot] != .tensor else {
          return refuse(node, module, "it takes something that is no number")
        }
        arguments.append(.slot(slot, kinds[slot]))
      }
    }
    guard let output = node.outputs.first, let name = output.names.first else {
      return refuse(node, module, "it gives nothing")
    }
    let kind: PreparedArgument.Kind =
      switch output {
      case .symbolicFloat: .double
      case .symbolicBool: .bool
      default: .int
      }
    append(
      .scalar(target: node.target, arguments, output: newSlot(kind, name), kind), node, at: index, module: module,
      uses: [])
  }

  /// Puts the steps of a region that only switches gradients or precision in the place of its node.
  private mutating func inline(_ node: Node, at index: Int, module: String) {
    let arguments = node.inputs.map(\.argument)
    guard let place = arguments.firstIndex(where: { if case .graph = $0 { true } else { false } }),
      case .graph(_, let body) = arguments[place]
    else { return refuse(node, module, "it has no graph") }
    let outer = slots
    let given = arguments[(place + 1)...].flatMap(\.names)
    let taken = body.inputs.flatMap(\.argument.names)
    let restore: Plan.Action
    if node.baseName == "wrap_with_set_grad_enabled" {
      guard case .bool(let value)? = arguments.first else {
        return refuse(node, module, "its first argument is no truth value")
      }
      append(.gradients(value), node, at: index, module: module, uses: [])
      restore = .restoreGradients
    } else {
      guard let mode = autocast(Array(arguments[..<place])) else {
        return refuse(node, module, "its arguments are not those of autocast")
      }
      append(.autocast(mode), node, at: index, module: module, uses: [])
      restore = .restoreAutocast
    }
    guard given.count == taken.count else { return refuse(node, module, "it takes another number of values") }
    slots = [:]
    for (name, source) in zip(taken, given) { slots[name] = outer[source] }
    for inner in body.nodes {
      walk(inner, of: body, at: index, module: inner.modulePath.isEmpty ? module : inner.modulePath)
    }
    let results = body.outputs.flatMap(\.argument.names).map { slots[$0] }
    slots = outer
    for (name, slot) in zip(node.outputNames, results) { slots[name] = slot }
    append(restore, node, at: index, module: module, uses: [])
  }

  private func autocast(_ arguments: [Argument]) -> EngineModes.Autocast? {
    guard arguments.count >= 3, case .string = arguments[0], case .bool(let isEnabled) = arguments[2] else {
      return nil
    }
    var dtype = -1
    if case .dtype(let type) = arguments[1] { dtype = type.engineNumber }
    return EngineModes.Autocast(kind: plan.device.kind, isEnabled: isEnabled, dtype: dtype)
  }
}

extension String {
  /// What stands before and behind the last dot: `layer1.0` and `weight`.
  var splitAtLastDot: (path: String, name: String) {
    guard let dot = lastIndex(of: ".") else { return ("", self) }
    return (String(self[..<dot]), String(self[index(after: dot)...]))
  }
}
