import Checkpoints
import ONNXFormat
import OrderedCollections

/// Says an ONNX graph with PyTorch's operators, node by node, and follows shapes and small constants meanwhile.
///
/// Values keep their names; what a node needs in between is named after its first output. Weights stay as they are in the
/// file: what PyTorch lays out otherwise is transposed by a step of the graph.
final class ONNXLowering {
  let model: ONNXModelProto
  let table: ONNXOperatorTable
  /// The version of the default domain's operators.
  private(set) var opset: Int
  /// The entries of a tensor of the file.
  let content: (ONNXTensorProto) throws -> [UInt8]
  var graph = Graph(inputs: [], outputs: [], nodes: [], values: [:])
  /// Tensors of the graph's inputs that are not the caller's, by their paths.
  var tensors: OrderedDictionary<String, TensorProvenance> = [:]
  /// Nodes that are not followed.
  var refusals: [ONNXRefusal] = []
  /// What the values of the ONNX graph are, innermost scope last.
  private var scopes: [[String: ONNXValue]] = [[:]]
  /// Where a symbol can be found when the model runs.
  private var homes: [String: (value: String, axis: Int)] = [:]
  private var symbolValues: [SymbolicExpression: String] = [:]
  private var symbolCount = 0
  private var taken: Set<String> = []
  /// Where the node under way stands in the file.
  var position = ONNXPosition(index: 0, isOutermost: true)
  /// For nodes of the outermost graph the values whose shapes went into their constants.
  var shapedInputs: [Int: Set<String>] = [:]
  private let functions: [String: ONNXFunctionProto]
  private var depth = 0
  private var nodeCount = 0
  /// Types and shapes that the file says of values.
  private var declared: [String: ONNXTypeProto] = [:]

  /// Where the entries of a tensor of the new graph come from.
  enum TensorProvenance {
    /// A tensor of the file, under its name there.
    case file(ONNXTensorProto)
    /// Made while lowering.
    case made(KnownTensor)
  }

  init(
    _ model: ONNXModelProto, fixed: [String: KnownTensor] = [:], table: ONNXOperatorTable = .standard,
    content: @escaping (ONNXTensorProto) throws -> [UInt8]
  ) throws {
    (self.model, self.table, self.content) = (model, table, content)
    opset = Int(model.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version ?? 1)
    functions = Dictionary(
      model.functions.map { ("\($0.domain).\($0.name)", $0) }, uniquingKeysWith: { first, _ in first })
    if opset < 7 { throw ONNXGraphError.version(domain: "", found: opset) }
    for info in model.graph.valueInfo + model.graph.output { declared[info.name] = info.type }
    taken.formUnion(model.graph.input.map(\.name) + model.graph.initializer.map(\.name))
    for node in model.graph.node { taken.formUnion(node.output) }
    try readWeights(model.graph)
    try readInputs(fixed)
    for (index, node) in model.graph.node.enumerated() {
      position = ONNXPosition(index: index, isOutermost: true)
      try lower(node)
    }
    try readOutputs()
    // Weights first, as in exported models.
    graph.inputs =
      graph.inputs.filter { $0.role != .user } + graph.inputs.filter { $0.role == .user }
  }

  // MARK: inputs and outputs

  private func readWeights(_ graph: ONNXGraphProto) throws {
    for tensor in graph.initializer { scopes[scopes.count - 1][tensor.name] = try weight(tensor, named: tensor.name) }
    for sparse in graph.sparseInitializer {
      throw ONNXGraphError.unsupported(
        ONNXRefusal(
          operation: "sparse_initializer", node: sparse.values.name, reason: "sparse initialisers are not read"))
    }
  }

  /// A tensor of the file; it becomes an input of the graph once something takes it.
  func weight(_ tensor: ONNXTensorProto, named name: String) throws -> ONNXValue {
    guard let type = StoredType(onnx: Int(tensor.dataType)) else {
      return ONNXValue(unreadable: name, tensor.dims.map { .fixed(Int($0)) })
    }
    let shape = tensor.dims.map(Int.init)
    var value = ONNXValue(nil, type, shape.map(SymbolicSize.fixed))
    value.isWeight = type.isFloat && !shape.isEmpty
    let count = shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    if count <= Self.knownLimit { value.known = KnownTensor(type, shape, bytes: try content(tensor)) }
    value.source = tensor
    value.origin = name
    return value
  }

  /// Tensors up to so many entries are looked into without being asked for.
  static let knownLimit = 4096

  private func readInputs(_ fixed: [String: KnownTensor]) throws {
    let weights = Set(model.graph.initializer.map(\.name))
    for input in model.graph.input where !weights.contains(input.name) {
      if let known = fixed[input.name] {
        bind(input.name, ONNXValue(known: known))
        continue
      }
      guard case .tensorType(let tensor)? = input.type.value, tensor.hasShape,
        let type = StoredType(onnx: Int(tensor.elemType))
      else {
        throw ONNXGraphError.unsupported(
          ONNXRefusal(
            operation: "input", node: input.name,
            reason: "it is no tensor of a known type and number of dimensions"))
      }
      let sizes = tensor.shape.dim.enumerated().map { axis, dimension -> SymbolicSize in
        switch dimension.value {
        case .dimValue(let size)? where size >= 0: return .fixed(Int(size))
        case .dimParam(let name)? where !name.isEmpty:
          let symbol = Self.symbol(name)
          if homes[symbol] == nil { homes[symbol] = (input.name, axis) }
          graph.ranges[symbol] = Graph.SymbolRange(minimum: 0, maximum: nil)
          return .symbol(symbol)
        default: return newSymbol(at: input.name, axis)
        }
      }
      graph.values[input.name] = Value(.tensor(TensorType(dtype: type, sizes: sizes)))
      graph.inputs.append(Graph.Input(.tensor(input.name)))
      bind(input.name, ONNXValue(input.name, type, sizes))
    }
  }

  private func readOutputs() throws {
    var children: [Tree] = []
    for output in model.graph.output {
      let value = try self.value(output.name, for: "outputs")
      if value.isNothing {
        throw ONNXGraphError.unsupported(
          ONNXRefusal(operation: "output", node: output.name, reason: "it is an optional that holds nothing"))
      }
      // The members of a sequence are outputs by their places.
      for (index, member) in (value.members ?? [value]).enumerated() {
        let preferred = value.members == nil ? output.name : "\(output.name).\(index)"
        graph.outputs.append(Graph.Output(.tensor(try name(of: member, preferring: preferred))))
      }
      children.append(
        value.members.map { members in
          Tree(
            type: "builtins.list", keys: members.indices.map(String.init),
            children: [Tree](repeating: .leaf, count: members.count))
        } ?? .leaf)
    }
    graph.outputTree = Tree(type: "builtins.dict", keys: model.graph.output.map(\.name), children: children)
  }

  // MARK: values

  func bind(_ name: String, _ value: ONNXValue) { scopes[scopes.count - 1][name] = value }

  func find(_ name: String) -> ONNXValue? { scopes.lazy.reversed().compactMap { $0[name] }.first }

  func value(_ name: String, for node: String) throws -> ONNXValue {
    guard let value = find(name) else {
      throw ONNXGraphError.invalid(node: node, problem: "nothing before it gives '\(name)'")
    }
    return value
  }

  /// A name of the new graph that is free.
  func free(_ stem: String) -> String {
    var (name, number) = (stem, 1)
    while graph.values[name] != nil || taken.contains(name) {
      name = "\(stem).\(number)"
      number += 1
    }
    return name
  }

  /// The name of a tensor in the new graph: a weight or a known value becomes an input of it.
  func name(of value: ONNXValue, preferring preferred: String? = nil) throws -> String {
    if let name = value.name { return name }
    if let source = value.source {
      let name = value.origin ?? source.name
      if graph.values[name] == nil {
        tensors[name] = .file(source)
        // Numbers by themselves are constants of the code; the others are learnt, unless a norm says otherwise.
        addInput(
          name, value.type, value.sizes, value.isWeight ? .parameter(name) : .buffer(name, persistent: true))
      }
      return name
    }
    guard let known = value.known else {
      throw ONNXGraphError.invalid(node: preferred ?? "", problem: "a value is no tensor")
    }
    if known.isConstant {
      if let name = materialised[known] { return name }
      // Under the file's name where it is that value.
      let isTheFiles = preferred.flatMap(find).map { $0.source == nil && $0.known == known } ?? false
      let name =
        if let preferred, isTheFiles, graph.values[preferred] == nil { preferred } else {
          free("\(preferred ?? "constant").value")
        }
      tensors[name] = .made(known)
      addInput(name, known.type, known.shape.map(SymbolicSize.fixed), .buffer(name, persistent: true))
      materialised[known] = name
      return name
    }
    return try computed(known, preferred)
  }
  private var materialised: [KnownTensor: String] = [:]

  private func addInput(_ name: String, _ type: StoredType, _ sizes: [SymbolicSize], _ role: Graph.InputRole) {
    graph.values[name] = Value(.tensor(TensorType(dtype: type, sizes: sizes)))
    graph.inputs.append(Graph.Input(.tensor(name), role: role))
  }

  /// Says that a weight is a statistic that is not learnt.
  func markBuffer(_ value: ONNXValue) {
    guard let name = value.origin, let index = graph.inputs.firstIndex(where: { $0.name == name }) else { return }
    if case .parameter(let path) = graph.inputs[index].role {
      graph.inputs[index].role = .buffer(path, persistent: true)
    }
  }

  /// A tensor of computed sizes.
  private func computed(_ known: KnownTensor, _ preferred: String?) throws -> String {
    let stem = preferred ?? "sizes"
    var parts: [String] = []
    for entry in known.entries {
      let number: Argument =
        switch entry {
        case .int(let value): .int(value)
        case .real(let value): .float(value)
        case .size(let expression): .symbolicInt(.name(try symbolicInt(expression)))
        }
      parts.append(
        emit("scalar_tensor.default", [("s", number), ("dtype", .dtype(known.type))], known.type, [], stem: stem).0)
    }
    if known.shape.isEmpty { return parts[0] }
    let count = SymbolicSize.fixed(parts.count)
    let flat = emit("stack.default", [("tensors", .tensors(parts))], known.type, [count], stem: stem).0
    if known.shape.count == 1 { return flat }
    return emit(
      "reshape.default", [("self", .tensor(flat)), ("shape", .ints(known.shape))], known.type,
      known.shape.map(SymbolicSize.fixed), stem: stem
    ).0
  }

  // MARK: symbols

  static func symbol(_ name: String) -> String {
    let word = name.map { $0.isLetter || $0.isNumber || $0 == "_" ? $0 : "_" }
    return word.first.map { $0.isNumber } == true ? "d" + String(word) : String(word)
  }

  /// A size that is known when the model runs: that of a value along a dimension.
  func newSymbol(at value: String, _ axis: Int) -> SymbolicSize {
    var name: String
    repeat {
      name = "u\(symbolCount)"
      symbolCount += 1
    } while homes[name] != nil
    homes[name] = (value, axis)
    return .symbol(name)
  }

  /// The name of a number of the graph that has the value of an expression.
  func symbolicInt(_ expression: SymbolicExpression) throws -> String {
    if let name = symbolValues[expression] { return name }
    let name: String
    switch expression {
    case .symbol(let symbol):
      guard let home = homes[symbol] else {
        throw ONNXGraphError.invalid(node: symbol, problem: "nothing says what the size '\(symbol)' is")
      }
      name = number(
        "torch.ops.aten.sym_size.int", [("self", .tensor(home.value)), ("dim", .int(home.axis))], expression, "size")
    case .call(let function, let arguments):
      let operation =
        switch function {
        case "Add": "_operator.add"
        case "Mul": "_operator.mul"
        case "FloorDiv": "_operator.floordiv"
        case "Mod": "_operator.mod"
        case "Max": "torch.sym_max"
        case "Min": "torch.sym_min"
        default: ""
        }
      guard !operation.isEmpty, let first = arguments.first else { fallthrough }
      var (value, sofar) = (try numberArgument(first), first)
      for next in arguments.dropFirst() {
        sofar = .call(function, [sofar, next])
        let result = number(operation, [("a", value), ("b", try numberArgument(next))], sofar, "size")
        value = .symbolicInt(.name(result))
      }
      name = value.names.first ?? ""
    case .number, .opaque:
      throw ONNXGraphError.invalid(node: "\(expression)", problem: "its size cannot be computed")
    }
    symbolValues[expression] = name
    return name
  }

  private func numberArgument(_ expression: SymbolicExpression) throws -> Argument {
    if case .number(let value) = expression { return .int(Int(value)) }
    return .symbolicInt(.name(try symbolicInt(expression)))
  }

  private func number(
    _ target: String, _ arguments: [(String, Argument)], _ expression: SymbolicExpression, _ stem: String
  ) -> String {
    let name = free("\(stem)_\(graph.nodes.count)")
    graph.values[name] = Value(.int(.symbolic(expression, hint: nil)))
    graph.nodes.append(
      Node(
        target, arguments.map { NamedArgument($0.0, $0.1) }, outputs: [.symbolicInt(.name(name))],
        metadata: metadata, name: name))
    return name
  }

  /// Sizes as an argument of an operator: numbers, or numbers that the graph computes.
  func argument(_ sizes: [SymbolicSize]) throws -> Argument {
    let fixed = sizes.compactMap(\.fixed)
    if fixed.count == sizes.count { return .ints(fixed) }
    return .symbolicInts(
      try sizes.map { size in
        switch size {
        case .fixed(let number): .constant(number)
        case .symbolic(let expression, _): .name(try symbolicInt(expression))
        }
      })
  }

  func argument(_ size: SymbolicSize) throws -> Argument {
    switch size {
    case .fixed(let number): .int(number)
    case .symbolic(let expression, _): .symbolicInt(.name(try symbolicInt(expression)))
    }
  }

  /// Says what the sizes of a value of the graph are.
  func setSizes(_ value: ONNXValue) {
    guard let name = value.name else { return }
    graph.values[name] = Value(.tensor(TensorType(dtype: value.type, sizes: value.sizes)))
  }

  // MARK: steps

  private(set) var label = ""
  private var start = 0

  /// Says that what the steps of the node under way touch stays whole.
  func keepWholeSinceStart(_ reason: String) {
    for index in start..<graph.nodes.count { graph.nodes[index].metadata[Node.onnxWhole] = reason }
  }
  private var metadata: OrderedDictionary<String, String> {
    var metadata: OrderedDictionary = [Node.onnxLabel: label, Node.onnxPosition: "\(position.index)"]
    if !position.isOutermost { metadata[Node.onnxWhole] = "it stands within the graph of another node" }
    return metadata
  }

  /// Appends a step that gives tensors.
  ///
  /// - Returns: their names.
  @discardableResult
  func emit(
    _ target: String, _ arguments: [(String, Argument)], results: [(StoredType, [SymbolicSize])], stem: String,
    isList: Bool = false, namespace: String = "torch.ops.aten."
  ) -> [String] {
    let names = results.map { type, sizes in
      let name = free("\(stem).\(target.prefix { $0 != "." })")
      graph.values[name] = Value(.tensor(TensorType(dtype: type, sizes: sizes)))
      return name
    }
    graph.nodes.append(
      Node(
        namespace + target, arguments.map { NamedArgument($0.0, $0.1) },
        outputs: isList ? [.tensors(names)] : names.map(Argument.tensor), metadata: metadata, name: names.first))
    return names
  }

  /// Appends a step that gives one tensor.
  func emit(
    _ target: String, _ arguments: [(String, Argument)], _ type: StoredType, _ sizes: [SymbolicSize], stem: String
  ) -> (String, [SymbolicSize]) {
    (emit(target, arguments, results: [(type, sizes)], stem: stem)[0], sizes)
  }

  /// Gives a value of the last steps another name, where that is free.
  func rename(_ name: String, to wanted: String, since start: Int) -> String {
    guard name != wanted, graph.values[wanted] == nil, let value = graph.values[name] else { return name }
    guard graph.nodes[start...].contains(where: { $0.outputNames.contains(name) }) else { return name }
    let rename: (String) -> String = { $0 == name ? wanted : $0 }
    for index in start..<graph.nodes.count {
      for place in graph.nodes[index].inputs.indices
      where graph.nodes[index].inputs[place].argument.names.contains(name) {
        graph.nodes[index].inputs[place].argument = graph.nodes[index].inputs[place].argument.renamed(rename)
      }
      if graph.nodes[index].outputNames.contains(name) {
        graph.nodes[index].outputs = graph.nodes[index].outputs.map { $0.renamed(rename) }
        if graph.nodes[index].name == name { graph.nodes[index].name = wanted }
      }
    }
    for (symbol, home) in homes where home.value == name { homes[symbol] = (wanted, home.axis) }
    graph.values[name] = nil
    graph.values[wanted] = value
    return wanted
  }

  // MARK: nodes

  /// The nodes of a graph within a node, in a scope of their own.
  ///
  /// - Returns: its outputs.
  func inline(_ body: ONNXGraphProto, inputs: [ONNXValue] = []) throws -> [ONNXValue] {
    scopes.append([:])
    let outer = position
    defer {
      scopes.removeLast()
      position = outer
    }
    position.isOutermost = false
    try readWeights(body)
    for (input, value) in zip(body.input, inputs) { bind(input.name, value) }
    for node in body.node { try lower(node) }
    return try body.output.map { try value($0.name, for: label) }
  }

  private func lower(_ node: ONNXNodeProto) throws {
    nodeCount += 1
    guard nodeCount <= 1_000_000 else {
      throw ONNXGraphError.invalid(node: node.name, problem: "its loops make more than a million steps")
    }
    label = node.name.isEmpty ? node.output.first ?? node.opType : node.name
    if let function = functions["\(node.domain).\(node.opType)"] { return try call(function, node) }
    let step = ONNXStep(node, self)
    let start = graph.nodes.count
    self.start = start
    do {
      guard node.domain.isEmpty || node.domain == "ai.onnx" else {
        throw step.refusal("the operators of \(node.domain) are not followed")
      }
      switch table[node.opType]?.lowering {
      case nil: throw step.refusal("there is no such operator")
      case .refused(let reason)?: throw step.refusal(reason)
      case .lowered(let body)?:
        if try fold(step) { return }
        try body(step)
        try step.checkAttributes()
      }
    } catch let error as ONNXGraphError {
      graph.nodes.removeSubrange(start...)
      for name in graph.values.keys.reversed() {
        // What the step had made so far.
        guard !graph.inputs.contains(where: { $0.name == name }),
          !graph.nodes.contains(where: { $0.outputNames.contains(name) })
        else { break }
        graph.values[name] = nil
      }
      symbolValues = symbolValues.filter { graph.values[$0.value] != nil }
      switch error {
      case .unsupported(let refusal): try keepWhole(step, refusal, error)
      default: throw error
      }
      return
    }
    if position.isOutermost {
      let shaped = node.input.reduce(into: Set<String>()) { $0.formUnion(find($1)?.known?.shaped ?? []) }
      if !shaped.isEmpty { shapedInputs[position.index] = shaped }
    }
    step.finish(since: start)
  }

  /// A node that is not followed becomes a step that nothing can run and that keeps whole what it touches, if the file
  /// says what it gives.
  private func keepWhole(_ step: ONNXStep, _ refusal: ONNXRefusal, _ error: ONNXGraphError) throws {
    guard !keepsNothing else { throw error }
    var results: [(String, StoredType, [SymbolicSize])] = []
    for output in step.node.output where !output.isEmpty {
      guard case .tensorType(let tensor)? = declared[output]?.value, tensor.hasShape,
        let type = StoredType(onnx: Int(tensor.elemType))
      else { throw error }
      let sizes = tensor.shape.dim.enumerated().map { axis, dimension -> SymbolicSize in
        switch dimension.value {
        case .dimValue(let size)? where size >= 0: return .fixed(Int(size))
        case .dimParam(let name)? where homes[Self.symbol(name)] != nil: return .symbol(Self.symbol(name))
        default: return newSymbol(at: output, axis)
        }
      }
      results.append((output, type, sizes))
    }
    refusals.append(refusal)
    var arguments: [(String, Argument)] = []
    for (index, input) in step.node.input.enumerated() where !input.isEmpty {
      guard let value = find(input), value.members == nil else { throw error }
      arguments.append(("input\(index)", .tensor(try name(of: value, preferring: input))))
    }
    for (name, type, sizes) in results {
      graph.values[name] = Value(.tensor(TensorType(dtype: type, sizes: sizes)))
      bind(name, ONNXValue(name, type, sizes))
    }
    var metadata = metadata
    metadata[Node.onnxReason] = refusal.reason
    graph.nodes.append(
      Node(
        "onnx.\(refusal.operation)", arguments.map { NamedArgument($0.0, $0.1) },
        outputs: results.map { .tensor($0.0) }, metadata: metadata, name: results.first?.0))
  }
  /// Whether a node that is not followed ends the lowering.
  var keepsNothing = false

  /// A function of the model's own: its nodes in the place of the call.
  private func call(_ function: ONNXFunctionProto, _ node: ONNXNodeProto) throws {
    guard depth < 32 else {
      throw ONNXGraphError.invalid(node: label, problem: "its functions call each other too deep")
    }
    let inputs = try node.input.map { $0.isEmpty ? nil : try value($0, for: label) }
    depth += 1
    scopes.append([:])
    let outer = position
    position.isOutermost = false
    defer {
      depth -= 1
      scopes.removeLast()
      position = outer
    }
    let outerOpset = opset
    opset = Int(function.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version ?? Int64(opset))
    defer { opset = outerOpset }
    for (name, value) in zip(function.input, inputs) { if let value { bind(name, value) } }
    let given = Dictionary(node.attribute.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let standard = Dictionary(function.attributeProto.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for inner in function.node {
      var inner = inner
      inner.attribute = inner.attribute.compactMap { attribute in
        guard attribute.hasRefAttrName else { return attribute }
        guard var value = given[attribute.refAttrName] ?? standard[attribute.refAttrName] else { return nil }
        value.name = attribute.name
        return value
      }
      try lower(inner)
    }
    let results = try function.output.map { try value($0, for: label) }
    for (name, value) in zip(node.output, results) where !name.isEmpty {
      scopes[scopes.count - 2][name] = value
    }
  }
}

/// Where a node stands in the file.
struct ONNXPosition: Hashable {
  /// Among the nodes of the outermost graph.
  var index: Int
  /// Whether it is one of these itself, and not one within it.
  var isOutermost: Bool
}

extension Node {
  /// The key of the metadata under which the name of the ONNX node stands.
  static let onnxLabel = "onnx_node"
  /// The key under which its place stands.
  static let onnxPosition = "onnx_position"
  /// The key under which the reason stands why it cannot be run.
  static let onnxReason = "onnx_reason"

  /// The key under which the reason stands why its channels are left alone.
  static let onnxWhole = "onnx_whole"

  /// Why a node that came from a file of another kind cannot be run; nil for others.
  public var refusal: String? { metadata[Self.onnxReason] }
  /// Why what it touches is to be left whole, as a clause; nil where nothing says so.
  public var keepsWhole: String? { metadata[Self.onnxWhole] }
}
