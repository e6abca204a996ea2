import Foundation
import NN
import OrderedCollections
import Pruning
import Torch

/// Where the two sides went apart.
package struct Mismatch: Sendable {
  /// The number of the step, from 0; nil where the network as it was made differs.
  package var step: Int?
  /// What differs.
  package var findings: [String]

  /// What kind of difference it is, so that shortening a program does not wander to another one: the first finding
  /// without places and numbers.
  var signature: String {
    let head = findings.first?.prefix { $0 != ":" && $0 != "[" } ?? ""
    return String((head.split(separator: ".").last ?? "").filter { !$0.isNumber })
  }
}

/// How a program went.
package enum Outcome: Sendable {
  /// Both sides agree throughout.
  case agreed
  /// They do not.
  case mismatch(Mismatch)
  /// torch cannot make the network.
  case impossible
}

/// Runs programs on both sides, step by step.
package final class ProgramRunner {
  let oracle: Oracle
  /// What has been run so far.
  package internal(set) var statistics = Statistics()

  /// Called in Bonsai after each step that was done, before the sides are compared: for tests that put errors in.
  package var afterStep: ((Step, Module) -> Void)?

  var program = Program(seed: 0, layers: [], length: 0, dtype: "float32", optimizer: nil, steps: [])
  var network = Sequential()
  var optimizer: (any Optimizer)?
  var outputs: [(String, Tensor)] = []
  /// The networks that copies were made of, as they were then: nothing done to a copy may change them.
  var sources: [(network: Sequential, state: Snapshot)] = []

  /// A runner that asks `oracle`. Everything runs on one thread, since sums over several are not the same.
  package init(_ oracle: Oracle) {
    self.oracle = oracle
    threadCount = 1
  }

  private struct Build: Encodable {
    let seed: UInt64
    let layers: [Layer]
    let dtype: String
    let optimizer: OptimizerSpec?
    let folder: String
  }

  private struct StepRequest: Encodable {
    let step: Step
    let inputs: [InputSpec]
  }

  /// Runs a program.
  /// - Throws: `OracleError` where the oracle fails.
  package func run(_ program: Program) throws -> Outcome {
    self.program = program
    for file in try FileManager.default.contentsOfDirectory(atPath: oracle.folder) {
      try FileManager.default.removeItem(atPath: "\(oracle.folder)/\(file)")
    }
    let built = try oracle.ask([
      "build": Build(
        seed: program.seed, layers: program.layers, dtype: program.dtype, optimizer: program.optimizer,
        folder: oracle.folder)
    ])
    guard built.status == .done else { return .impossible }
    network = program.makeNetwork()
    makeOptimizer()
    outputs = []
    sources = []
    statistics.programs += 1
    let findings = compare(built)
    guard findings.isEmpty else { return .mismatch(Mismatch(step: nil, findings: findings)) }
    for (i, step) in program.steps.enumerated() {
      let findings = try run(step)
      guard findings.isEmpty else { return .mismatch(Mismatch(step: i, findings: findings)) }
    }
    return .agreed
  }

  func makeOptimizer() { optimizer = program.optimizer?.make(network.parameters) }

  /// Does a step on both sides; returns what differs afterwards.
  private func run(_ step: Step) throws -> [String] {
    var inputs: [InputSpec] = []
    switch step {
    case .forward(_, let batch, _), .backward(_, let batch, _): inputs = program.inputs(batch: batch)
    default: break
    }
    let reply = try oracle.ask(StepRequest(step: step, inputs: inputs))
    outputs = []
    if reply.status == .refused, step.isSkippedWhereRefused {
      statistics.count(step, .skipped)
      return compare(reply)
    }
    let judge = reply.status == .done ? MaskJudge(step, network) : nil
    let before = reply.status == .refused ? Snapshot(network) : nil
    do {
      let findings = try perform(step, inputs, reply)
      if !findings.isEmpty { return findings }
    } catch {
      guard let before else { return ["Bonsai refuses what torch does: \(error)"] }
      statistics.count(step, .refused)
      if let difference = Snapshot(network).difference(from: before) { return ["a refused call: \(difference)"] }
      return compare(reply)
    }
    if reply.status == .refused { return ["Bonsai does what torch refuses: \(reply.message)"] }
    statistics.count(step, .done)
    afterStep?(step, network)
    if let judge, let objection = try settleMasks(step, reply, judge) { return [objection] }
    for source in sources {
      if let difference = Snapshot(source.network).difference(from: source.state) {
        return ["what a copy was made of: \(difference)"]
      }
    }
    return compare(reply)
  }

  /// Both sides as they are now; where they are close but not equal, goes on from torch's values.
  private func compare(_ reply: Reply) -> [String] {
    var comparison = Comparison(network, optimizer, outputs: outputs, isStrided: program.hasStrides)
    let findings = comparison.findings(reply)
    guard findings.isEmpty, !comparison.close.isEmpty else { return findings }
    statistics.close += 1
    let values = Dictionary(uniqueKeysWithValues: comparison.close.map { ($0.key, $0.value) })
    noGrad {
      for (path, module) in network.namedModules {
        for (name, slot) in module.slots {
          guard slot.parameter != nil || slot.buffer != nil else { continue }
          if let value = values["\(path).\(name)"] { slot.tensor.copy(from: value) }
          if let value = values["\(path).\(name).grad"] { slot.parameter?.grad?.copy(from: value) }
        }
      }
      for (name, tensor) in optimizer?.stateDict ?? [:] {
        if let value = values["optimizer.\(name)"] { tensor.copy(from: value) }
      }
    }
    return []
  }

  /// Where the masks differ and both are right, goes on from torch's.
  private func settleMasks(_ step: Step, _ reply: Reply, _ judge: MaskJudge) throws -> String? {
    var ours: [Tensor] = []
    var theirs: [Tensor] = []
    for target in step.targets {
      guard let mask = reply.tensors.first(where: { $0.key == target.path + "_mask" })?.tensor,
        let own = network.namedModules[target.module]?[optional: target.name + "_mask"],
        own.shape == mask.shape
      else { return nil }
      ours.append(own)
      theirs.append(mask)
    }
    if zip(ours, theirs).allSatisfy({ $0.to(.float64).equal($1.to(.float64)) }) { return nil }
    if let objection = judge.objection(ours: ours, theirs: theirs) { return objection }
    statistics.ties += 1
    for (target, mask) in zip(step.targets, theirs) {
      try network.namedModules[target.module]?.loadStateDict([target.name + "_mask": mask], strict: false)
    }
    return nil
  }
}

extension Program {
  /// Whether any tensor is not contiguous, so that the layouts of results are open.
  var hasStrides: Bool {
    steps.contains { step in
      switch step {
      case .fill(_, let recipe): recipe.layout != nil
      case .prune(_, .custom(let mask), _, _): mask.layout != nil
      case .prune(_, _, _, let scores): scores?.layout != nil
      default: false
      }
    }
  }
}

extension Step {
  /// Whether Bonsai traps where torch refuses: mistakes in tensor arithmetic, an operator without that dtype.
  var isSkippedWhereRefused: Bool {
    switch self {
    case .forward, .backward, .optimize, .save, .fill, .add: true
    default: false
    }
  }
}
