import Checkpoints
import Graphs
import NN
import Torch

extension TraceBuilder {
  /// The call at that place of all runs as a node.
  mutating func addCall(_ index: Int) {
    let calls = runs.map { $0.recorder.calls[index] }
    let call = calls[0]
    let schema = call.schema
    if call.isProtection, case .tensor(let source)? = call.arguments[0], let copy = call.results.first,
      !runs.contains(where: { $0.recorder.writtenCaptures.contains(source) })
    {
      names[copy] = names[source]
      return
    }
    var arguments: [NamedArgument] = []
    var isByName = false
    for (place, argument) in schema.arguments.enumerated() {
      let given = calls.map { $0.arguments[place] }
      guard let value = self.argument(given, argument, call) else {
        isByName = true  // what follows is given by name, so that it does not take this place
        continue
      }
      var named = NamedArgument(argument.name, value)
      named.kind = isByName || argument.isKeywordOnly ? 2 : 1
      arguments.append(named)
    }
    let (path, overload) = schema.name.splitAtOverload
    let base = String(path.split(separator: ":").last ?? "")
    let nodeName = allocator.name(base)
    var outputs: [Argument] = []
    if schema.results.count == 1, case .no = schema.results[0].list, let id = call.results.first {
      outputs = [.tensor(give(id, nodeName, call))]
    } else {
      let all = call.results.map { give($0, allocator.name("getitem"), call) }
      if schema.results.count == 1 {
        outputs = [.tensors(all)]
      } else if schema.results.contains(where: { $0.list != .no }) {
        refuse(schema.name, call.scope, "it gives tensors and lists of them, which no graph here can hold")
      } else {
        outputs = all.map(Argument.tensor)
      }
    }
    if first.recordsGradients, !call.recordsGradients, schema.results.contains(where: { !$0.isWritten }) {
      note(
        schema.name, call.scope, "it is called without gradients in Swift; in the graph gradients flow through it")
    }
    nodes.append(
      Node(
        "torch.ops.\(path.replacingColons).\(overload)", arguments, outputs: outputs,
        metadata: ["nn_module_stack": stack(call.scope), "torch_fn": "\(base);OpOverload.\(base)"], name: nodeName))
  }

  private mutating func give(_ id: Int, _ name: String, _ call: RecordedCall) -> String {
    names[id] = name
    values[name] = Value(.tensor(tensorType(id, operation: call.schema.name, scope: call.scope)))
    return name
  }

  /// An argument in the form that its type in the schema asks for; nil to leave it to the default.
  private mutating func argument(
    _ given: [RecordedArgument?], _ argument: OperatorSchema.Argument, _ call: RecordedCall
  ) -> Argument? {
    func other() -> String { "argument '\(argument.name)' is another one for other sizes" }
    switch given[0] {
    case nil: return nil
    case RecordedArgument.none?: return Argument.none
    case .tensor(let id)?:
      guard given.allSatisfy({ if case .tensor(id)? = $0 { true } else { false } }) else {
        refuse(
          call.schema.name, call.scope, other() + ": the module branches on a size; trace it without that dimension")
        return nil
      }
      return .tensor(name(id, call))
    case .tensors(let ids)?:
      guard given.allSatisfy({ if case .tensors(ids)? = $0 { true } else { false } }) else {
        refuse(
          call.schema.name, call.scope, other() + ": the module makes as many tensors as a size says; trace it without")
        return nil
      }
      if case .any(optionalEntries: true) = argument.list {
        return .optionalTensors(ids.map { $0.map { name($0, call) } })
      }
      return .tensors(ids.compactMap { $0 }.map { name($0, call) })
    case .plain(let value)?:
      let all = given.compactMap { if case .plain(let value)? = $0 { value } else { nil } }
      guard all.count == given.count else {
        refuse(call.schema.name, call.scope, other())
        return nil
      }
      return plain(value, all, argument, call)
    }
  }

  private mutating func name(_ id: Int, _ call: RecordedCall) -> String {
    if let name = names[id] { return name }
    refuse(call.schema.name, call.scope, "it takes a tensor that nothing gave")
    return ""
  }

  private mutating func plain(
    _ value: OperatorValue, _ all: [OperatorValue], _ argument: OperatorSchema.Argument, _ call: RecordedCall
  ) -> Argument? {
    switch value {
    case .int(let number):
      let numbers = all.compactMap { if case .int(let number) = $0 { number } else { nil } }
      guard numbers.count == all.count else { return differs(all, argument, call) }
      switch argument.type {
      case "ScalarType": return StoredType.allCases.first { $0.engineNumber == number }.map(Argument.dtype)
      case "Layout": return (1...7).map(Layout.init(rawValue:)).first { $0.engineNumber == number }.map(Argument.layout)
      case "MemoryFormat":
        return (1...4).map(Graphs.MemoryFormat.init(rawValue:)).first { $0.engineNumber == number }.map(
          Argument.memoryFormat)
      case "bool": return .bool(number != 0)
      case "float" where argument.list == .no:
        return real(numbers.map(Double.init), argument, call).map(Argument.init(real:))
      default: break
      }
      guard let one = int(numbers, argument, call) else { return nil }
      if argument.list == .no { return Argument(int: one) }
      let count = if case .count(let count) = argument.list { count } else { 1 }
      if argument.type == "float" { return .floats([Double](repeating: Double(number), count: count)) }
      return Argument(ints: [Argument.Symbolic<Int>](repeating: one, count: count))
    case .ints(let list):
      let lists = all.compactMap { if case .ints(let list) = $0 { list } else { nil } }
      guard lists.count == all.count, lists.allSatisfy({ $0.count == list.count }) else {
        return differs(all, argument, call)
      }
      if argument.type == "float" { return .floats(list.map(Double.init)) }
      var entries: [Argument.Symbolic<Int>] = []
      for place in list.indices {
        guard let one = int(lists.map { $0[place] }, argument, call) else { return nil }
        entries.append(one)
      }
      if case .count(let count) = argument.list, entries.count == 1 {
        entries = [Argument.Symbolic<Int>](repeating: entries[0], count: count)
      }
      return Argument(ints: entries)
    case .double:
      let numbers = all.compactMap { if case .double(let number) = $0 { number } else { nil } }
      guard numbers.count == all.count else { return differs(all, argument, call) }
      return real(numbers, argument, call).map(Argument.init(real:))
    case .doubles(let list):
      guard all.allSatisfy({ if case .doubles(list) = $0 { true } else { false } }) else {
        return differs(all, argument, call)
      }
      return .floats(list)
    case .bool(let truth):
      guard all.allSatisfy({ if case .bool(truth) = $0 { true } else { false } }) else {
        return differs(all, argument, call)
      }
      return .bool(truth)
    case .bools(let list):
      guard all.allSatisfy({ if case .bools(list) = $0 { true } else { false } }) else {
        return differs(all, argument, call)
      }
      return .bools(list)
    case .string(let text):
      guard all.allSatisfy({ if case .string(text) = $0 { true } else { false } }) else {
        return differs(all, argument, call)
      }
      return .string(text)
    case .device(let device):
      return .device(DeviceName(device.kind.rawValue, index: device.kind == .cuda ? device.index : nil))
    case .generator: return argument.hasDefault ? nil : Argument.none
    case .none, .tensor, .tensors: return nil
    }
  }

  private mutating func differs(
    _ all: [OperatorValue], _ argument: OperatorSchema.Argument, _ call: RecordedCall
  ) -> Argument? {
    refuse(
      call.schema.name, call.scope,
      "argument '\(argument.name)' is \(all[0]) for \(text(samples.runs[0])) and another one for other sizes, which no "
        + "graph here can hold")
    return nil
  }

  private mutating func int(
    _ values: [Int], _ argument: OperatorSchema.Argument, _ call: RecordedCall
  ) -> Argument.Symbolic<Int>? {
    guard let law = samples.law(values) else {
      refuse(call.schema.name, call.scope, lawless(values, argument))
      return nil
    }
    return law.isConstant ? .constant(values[0]) : .name(number(law))
  }

  private mutating func real(
    _ values: [Double], _ argument: OperatorSchema.Argument, _ call: RecordedCall
  ) -> Argument.Symbolic<Double>? {
    if values.allSatisfy({ $0.bitPattern == values[0].bitPattern }) { return .constant(values[0]) }
    let whole = values.compactMap { Int(exactly: $0) }
    guard whole.count == values.count, let law = samples.law(whole) else {
      refuse(call.schema.name, call.scope, lawless(values, argument))
      return nil
    }
    return .name(real(law))
  }

  private func lawless(_ values: [some CustomStringConvertible], _ argument: OperatorSchema.Argument) -> String {
    "argument '\(argument.name)' is \(values.map(\.description).joined(separator: ", ")) for \(samplesText), which is no sum "
      + "of multiples of \(dynamic.map(\.name).joined(separator: " and ")); compute it with operators, or trace it without"
  }
}

extension Argument {
  /// A whole number, computed or not.
  fileprivate init(int: Symbolic<Int>) {
    if case .constant(let value) = int { self = .int(value) } else { self = .symbolicInt(int) }
  }

  /// Whole numbers, computed or not.
  fileprivate init(ints: [Symbolic<Int>]) {
    let constants = ints.compactMap { if case .constant(let value) = $0 { value } else { nil } }
    self = constants.count == ints.count ? .ints(constants) : .symbolicInts(ints)
  }

  /// A real number, computed or not.
  fileprivate init(real: Symbolic<Double>) {
    if case .constant(let value) = real { self = .float(value) } else { self = .symbolicFloat(real) }
  }
}

extension String {
  /// `aten::add.Tensor` as `aten::add` and `Tensor`; `default` where there is no overload.
  fileprivate var splitAtOverload: (path: String, overload: String) {
    guard let dot = firstIndex(of: ".") else { return (self, "default") }
    return (String(self[..<dot]), String(self[index(after: dot)...]))
  }

  /// `aten::add` as Python names it, `aten.add`.
  fileprivate var replacingColons: String { split(separator: ":").joined(separator: ".") }
}
