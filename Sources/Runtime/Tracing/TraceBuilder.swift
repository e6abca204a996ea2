import Checkpoints
import Graphs
import NN
import OrderedCollections
import Torch

/// Makes a graph of what was heard in several runs of a module.
struct TraceBuilder {
  let runs: [TracedRun]
  let samples: SizeSamples
  let inputNames: [String]
  let dynamic: [DynamicDimension]
  /// The paths of the module's own modules, and what each is.
  let paths: [ObjectIdentifier: String]
  let types: [String: String]

  var notes: [TracingNote] = []
  var problems: [TracingProblem] = []
  var constants: OrderedDictionary<String, Tensor> = [:]

  var inputs: [Graph.Input] = []
  var nodes: [Node] = []
  var values: OrderedDictionary<String, Value> = [:]
  /// The name of each tensor by its number.
  var names: [Int: String] = [:]
  var allocator = NameAllocator()
  /// Nodes that compute numbers from sizes, before all others.
  var arithmetic: [Node] = []
  var numbers: [SizeLaw: String] = [:]
  var reals: [SizeLaw: String] = [:]
  var sizeNames: [Int: String] = [:]

  init(
    module: Module, runs: [TracedRun], samples: SizeSamples, inputNames: [String], dynamic: [DynamicDimension]
  ) {
    (self.runs, self.samples, self.inputNames, self.dynamic) = (runs, samples, inputNames, dynamic)
    paths = module.tracedPaths
    types = module.namedModules.mapValues { "\(type(of: $0))" }.reduce(into: [:]) { $0[$1.key] = $1.value }
  }

  /// The first run, whose sizes are the hints of the graph.
  var first: TracedRun { runs[0] }
  /// What symbols are called.
  var symbols: [String] { dynamic.indices.map { "s\($0)" } }

  /// The graph.
  ///
  /// - Throws: ``TracingError/problems(_:)`` with all that is wrong.
  mutating func build() throws(TracingError) -> Graph {
    try checkStructure()
    addInputs()
    for index in first.recorder.calls.indices { addCall(index) }
    let outputs = addOutputs()
    judgeFindings()
    guard problems.isEmpty else { throw .problems(problems) }
    var graph = Graph(inputs: inputs, outputs: outputs, nodes: arithmetic + nodes, values: values)
    graph.inputTree = .arguments(count: inputNames.count)
    graph.outputTree = outputs.count == 1 ? .leaf : .tuple(count: outputs.count)
    for (symbol, dimension) in zip(symbols, dynamic) {
      graph.ranges[symbol] = Graph.SymbolRange(minimum: dimension.minimum, maximum: dimension.maximum)
    }
    graph.removeDeadNodes()
    removeUnusedConstants(&graph)
    return graph
  }

  /// The steps must be the same in all runs, their numbers apart.
  private func checkStructure() throws(TracingError) {
    for (run, sizes) in zip(runs, samples.runs).dropFirst() {
      let (a, b) = (first.recorder.calls, run.recorder.calls)
      let place = zip(a, b).enumerated().first {
        $0.element.0.schema.name != $0.element.1.schema.name || $0.element.0.results != $0.element.1.results
      }?.offset
      guard place != nil || a.count != b.count else { continue }
      let index = place ?? min(a.count, b.count)
      let call = index < a.count ? a[index] : b[index]
      let other = index < b.count ? b[index].schema.name : "nothing"
      let here = index < a.count ? a[index].schema.name : "nothing"
      throw .problems([
        TracingProblem(
          operation: call.schema.name, module: path(call.scope),
          message: "step \(index) is \(here) for \(text(samples.runs[0])) and \(other) for \(text(sizes)): the module "
            + "branches on a size; trace it without that dynamic dimension")
      ])
    }
  }

  /// Sizes in words: `batch 3, length 7`.
  func text(_ sizes: [Int]) -> String {
    sizes.isEmpty ? "the example" : zip(dynamic, sizes).map { "\($0.name) \($1)" }.joined(separator: ", ")
  }

  /// The path of the innermost module that is one of the traced module's.
  func path(_ scope: [ObjectIdentifier]) -> String { scope.reversed().lazy.compactMap { paths[$0] }.first ?? "" }

  /// The modules around a step, as exported models note them: `key,path,type;...`.
  func stack(_ scope: [ObjectIdentifier]) -> String {
    var around = scope.compactMap { paths[$0] }
    if around.first != "" { around.insert("", at: 0) }
    return around.map { path in
      let type = (types[path] ?? "").filter { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
      let key = path.isEmpty ? "L__self__" : "L__self___" + path.map { $0 == "." ? "_" : "\($0)" }.joined()
      return "\(key),\(path),\(type)"
    }.joined(separator: ";")
  }

  /// Notes a problem of a step.
  mutating func refuse(_ operation: String, _ scope: [ObjectIdentifier], _ message: String) {
    let problem = TracingProblem(operation: operation, module: path(scope), message: message)
    if !problems.contains(problem) { problems.append(problem) }
  }

  /// Notes what the graph has in another form.
  mutating func note(
    _ operation: String, _ scope: [ObjectIdentifier], _ message: String, drawsRandomNumbers: Bool = false
  ) {
    let note = TracingNote(
      operation: operation, module: path(scope), message: message, drawsRandomNumbers: drawsRandomNumbers)
    if !notes.contains(note) { notes.append(note) }
  }

  private func removeUnusedConstants(_ graph: inout Graph) {
    let used = Set(graph.nodes.flatMap(\.inputNames) + graph.outputs.flatMap(\.argument.names))
    graph.inputs.removeAll { input in
      guard case .constant = input.role, !used.contains(input.name) else { return false }
      graph.values[input.name] = nil
      return true
    }
  }
}

/// Names of values that are each given once, and that Python can have.
struct NameAllocator {
  private var counts: [String: Int] = [:]
  private var taken: Set<String> = []

  /// The name itself, or with a number behind it: `relu`, `relu_1`.
  mutating func name(_ wanted: String) -> String {
    var base = String(wanted.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    if base.first?.isNumber ?? true { base = "_" + base }
    var count = counts[base] ?? (Self.reserved.contains(base) ? 1 : 0)
    var name = count == 0 ? base : "\(base)_\(count)"
    while taken.contains(name) {
      count += 1
      name = "\(base)_\(count)"
    }
    counts[base] = count + 1
    taken.insert(name)
    return name
  }

  /// Words that mean something in Python or in generated code.
  private static let reserved: Set<String> = [
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise",
    "return", "try", "while", "with", "yield", "abs", "all", "any", "ascii", "bin", "bool", "bytes", "callable", "chr",
    "compile", "complex", "dict", "dir", "divmod", "enumerate", "eval", "exec", "filter", "float", "format",
    "frozenset", "getattr", "hash", "hex", "id", "input", "int", "iter", "len", "list", "map", "max", "min", "next",
    "object", "oct", "open", "ord", "pow", "print", "property", "range", "repr", "reversed", "round", "self", "set",
    "slice", "sorted", "str", "sum", "super", "tuple", "type", "vars", "zip", "torch", "device", "inf", "nan",
    "NoneType",
  ]
}
