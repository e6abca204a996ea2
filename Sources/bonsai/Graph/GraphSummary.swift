import Checkpoints
import Console
import Graphs
import OrderedCollections

/// What `bonsai inspect` tells of a model's graph.
struct GraphSummary: Encodable {
  struct Value: Encodable {
    var name: String
    var type: String
  }

  /// The version of torch that exported it; nil for an ONNX model.
  var torchVersion: String?
  /// What wrote an ONNX model.
  var producer: String?
  /// The versions of an ONNX model's operators, by domain.
  var opsets: [String: Int]?
  var inputs: [Value]
  var outputs: [Value]
  var constants: [String]
  var nodes: Int
  var operators: [String: Int]
  var parameters: Int
  /// At the batch that it was exported with, and that batch; nil where they are not counted.
  var macs: Int?
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

  /// The summary of an ONNX model.
  init(_ model: ONNXFile) {
    func value(_ one: (name: String, type: String)) -> Value { Value(name: one.name, type: one.type) }
    producer = model.producer
    opsets = Dictionary(uniqueKeysWithValues: model.opsets.map { ($0, $1) })
    inputs = model.inputs.map(value)
    outputs = model.outputs.map(value)
    constants = []
    operators = Dictionary(uniqueKeysWithValues: model.operators.map { ($0, $1) })
    nodes = operators.values.reduce(0, +)
    parameters = model.tensors.reduce(0) { $0 + ($1.type.isFloat ? $1.elementCount : 0) }
    symbols = [:]
  }

  /// The summary for people.
  var lines: [String] {
    func line(_ value: Value) -> String { "  \(value.name.withoutControls): \(value.type.withoutControls)" }
    let origin = torchVersion.map { "torch \($0)" } ?? producer.map { $0.isEmpty ? "an unknown writer" : $0 } ?? ""
    let versions = opsets.map { opsets in
      ", operators of "
        + opsets.sorted { ($0.key == "ai.onnx" ? "" : $0.key) < ($1.key == "ai.onnx" ? "" : $1.key) }
        .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
    var lines = [
      "Graph of \(origin.withoutControls)\((versions ?? "").withoutControls), \(nodes.counted("step")):"
    ]
    lines += ["inputs"] + inputs.map(line) + ["outputs"] + outputs.map(line)
    if !symbols.isEmpty {
      lines.append(
        "where " + symbols.sorted { $0.key < $1.key }.map { "\($0.key) is from \($0.value)" }.joined(separator: ", "))
    }
    let most = operators.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let names = most.prefix(12).map {
      "\(($0.key.hasPrefix("aten::") ? String($0.key.dropFirst(6)) : $0.key).withoutControls) \($0.value)"
    }
    lines.append(
      "operators: " + names.joined(separator: ", ") + (most.count > 12 ? " and \(most.count - 12) more" : ""))
    let cost = macs.map { ", \($0.grouped) MACs" + (batch.map { " at batch \($0)" } ?? "") }
    lines.append("\(parameters.grouped) parameters used\(cost ?? "")")
    return lines
  }
}
