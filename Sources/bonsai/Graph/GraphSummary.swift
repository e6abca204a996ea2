import Checkpoints
import Console
import Graphs

/// What `bonsai inspect` tells of a model's graph.
struct GraphSummary: Encodable {
  struct Value: Encodable {
    var name: String
    var type: String
  }

  var torchVersion: String
  var inputs: [Value]
  var outputs: [Value]
  var constants: [String]
  var nodes: Int
  var operators: [String: Int]
  var parameters: Int
  /// At the batch that it was exported with, and that batch.
  var macs: Int
  var batch: Int?
  /// The symbols of the inputs with their bounds.
  var symbols: [String: String]

  init(_ program: ExportedProgram) {
    let graph = program.graph
    func value(_ name: String, _ argument: Argument) -> Value {
      let type = argument.names.first.flatMap { graph.values[$0]?.tensor }.map { "\($0)" }
      return Value(name: name, type: type ?? "number")
    }
    let symbols = graph.symbols() ?? [:]
    let counts = graph.counts(symbols)
    torchVersion = program.torchVersion
    inputs = graph.userInputs.filter { !$0.name.isEmpty }.map { value($0.name, $0.argument) }
    outputs = zip(graph.outputNames, graph.userOutputs).map { value($0, $1.argument) }
    constants = Array(graph.constants.keys)
    nodes = graph.nodes.count
    operators = Dictionary(uniqueKeysWithValues: graph.operators.map { ($0, $1) })
    parameters = counts.reduce(0) { $0 + $1.parameters }
    macs = counts.reduce(0) { $0 + $1.macs }
    batch = graph.userInputs.lazy.compactMap { graph.values[$0.name]?.tensor?.sizes.first }.first?.evaluated(symbols)
    self.symbols = Dictionary(
      uniqueKeysWithValues: graph.symbols.sorted().map { symbol in
        let range = graph.ranges[symbol]
        return (symbol, "\(range?.minimum.map(String.init) ?? "any") to \(range?.maximum.map(String.init) ?? "any")")
      })
  }

  /// The summary for people.
  var lines: [String] {
    func line(_ value: Value) -> String { "  \(value.name.withoutControls): \(value.type)" }
    var lines = ["Graph of torch \(torchVersion.withoutControls), \(nodes.counted("step")):"]
    lines += ["inputs"] + inputs.map(line) + ["outputs"] + outputs.map(line)
    if !symbols.isEmpty {
      lines.append(
        "where " + symbols.sorted { $0.key < $1.key }.map { "\($0.key) is from \($0.value)" }.joined(separator: ", "))
    }
    let most = operators.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let names = most.prefix(12).map {
      "\($0.key.hasPrefix("aten::") ? String($0.key.dropFirst(6)) : $0.key) \($0.value)"
    }
    lines.append(
      "operators: " + names.joined(separator: ", ") + (most.count > 12 ? " and \(most.count - 12) more" : ""))
    lines.append(
      "\(parameters.grouped) parameters used, \(macs.grouped) MACs" + (batch.map { " at batch \($0)" } ?? ""))
    return lines
  }
}
