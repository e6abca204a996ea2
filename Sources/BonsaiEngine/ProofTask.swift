import Checkpoints
import EngineMessages
import Graphs
import NN
import Runtime
import Torch

/// Runs a smaller model beside its reference, in numbers of 64 bits and as it is, and measures it beside the original.
enum ProofTask {
  static func run(
    original: String, reference: String, compacted: String, _ given: EngineRequest.Inputs, runs: Int, limit: Double
  ) throws -> ProofResult {
    let models = try [original, reference, compacted].map { try Tasks.model($0, given) }
    let inputs = try Tasks.inputs(given, for: models[0])
    let programs = try [reference, compacted].map { try ModelFile(contentsOf: $0) }
    var single = ProofResult.Difference(
      relative: try largest(models[1], models[2], inputs.batches), limit: 1e-4)
    let batches = inputs.batches.map { $0.map { $0.dtype.isFloatingPoint ? $0.to(.float64) : $0 } }
    var double = ProofResult.Difference(
      relative: try largest(
        GraphModule(doublePrecision: programs[0]).eval(), GraphModule(doublePrecision: programs[1]).eval(), batches),
      limit: limit)
    if !double.isProof || !single.isProof, let (step, module) = try firstDifference(programs, batches[0]) {
      (double.step, double.module) = (step, module)
      (single.step, single.module) = (step, module)
    }
    let times = try CompareTask.measured([models[0], models[2]], inputs.batches[0], runs: runs)
    return ProofResult(
      float64: double, float32: single, millisecondsBefore: times[0].median * 1000,
      millisecondsAfter: times[1].median * 1000, speedup: zip(times[0], times[1]).map { $0 / $1 }.median,
      batch: inputs.batch, samples: inputs.sampleCount, ignored: inputs.ignored, isRandom: inputs.isRandom)
  }

  /// The largest difference of any output, relative to the largest magnitude of that output; infinite for NaN in one alone.
  private static func largest(_ a: GraphModule, _ b: GraphModule, _ batches: [[Tensor]]) throws -> Double {
    var result = 0.0
    try noGrad {
      for batch in batches {
        let (first, second) = (try a.run(batch), try b.run(batch))
        guard first.count == second.count else { return result = .infinity }
        for (x, y) in zip(first, second) { result = max(result, y.relativeDifference(from: x)) }
      }
    }
    return result
  }

  /// The first step of the smaller model whose result is not what is left of the reference's: since all that is removed is
  /// 0 there, the sums of magnitudes must agree.
  private static func firstDifference(
    _ programs: [ModelFile], _ inputs: [Tensor]
  ) throws -> (step: String, module: String)? {
    var masked: [String: String] = [:]
    for name in programs[0].graph.nodes.flatMap(\.outputNames) {
      let stem = ["_masked", "_whole", "_parted"].lazy.compactMap { name.range(of: $0) }.first
        .map { String(name[..<$0.lowerBound]) }
      masked[stem ?? name] = name
    }
    func isReal(_ name: String, _ graph: Graph) -> Bool { graph.values[name]?.tensor?.dtype?.isFloat == true }
    let names = programs[1].graph.nodes.flatMap(\.outputNames).filter { name in
      isReal(name, programs[1].graph) && masked[name].map { isReal($0, programs[0].graph) } == true
    }
    func sums(_ program: ModelFile, _ names: [String]) throws -> [Double] {
      var program = program
      program.graph.outputs = names.map { Graph.Output(.tensor($0)) }
      let model = try GraphModule(doublePrecision: program).eval()
      return try noGrad { try model.run(inputs).map { $0.array(of: Double.self).reduce(0) { $0 + abs($1) } } }
    }
    let (wanted, found) = (try sums(programs[0], names.compactMap { masked[$0] }), try sums(programs[1], names))
    guard let index = names.indices.first(where: { !(abs(wanted[$0] - found[$0]) <= 1e-6 * max(wanted[$0], 1e-30)) }),
      let node = programs[1].graph.nodes.first(where: { $0.outputNames.contains(names[index]) })
    else { return nil }
    return ("\(node.operatorName ?? node.target) (\(names[index]))", node.modulePath)
  }
}
