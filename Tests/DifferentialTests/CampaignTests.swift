import DifferentialHarness
import NN
import Testing
import Torch

/// Random programs in Bonsai and in Python's torch: a small part, on every change, of what `make differential` runs.
///
/// Runs where `python3`, or the interpreter that `PYTHON` names, finds torch and safetensors.
@Suite(.serialized, .enabled(if: Oracle.isAvailable, "needs a python3 with torch and safetensors"))
struct CampaignTests {
  @Test("both sides agree after every step", arguments: [0, 1] as [UInt64]) func agreement(seed: UInt64) throws {
    let threads = threadCount
    defer { threadCount = threads }
    let runner = ProgramRunner(try Oracle())
    let failures = try Campaign(seed: seed, range: 0..<90).run(runner)
    for failure in failures { Issue.record("program \(failure.index) of seed \(seed):\n\(failure.description)") }
    #expect(runner.statistics.programs >= 80, "torch can make nearly all networks")
  }

  /// Damages that a bug would do, each to one value after one kind of step.
  enum Damage: CaseIterable {
    case weight, mask, gradient, buffer

    func apply(_ step: Step, _ network: Module) {
      let tensor: Tensor?
      switch (self, step) {
      case (.weight, .optimize): tensor = network.parameters.first { $0.count > 0 }
      case (.gradient, .backward): tensor = network.parameters.compactMap(\.grad).first { $0.count > 0 }
      case (.buffer, .forward), (.buffer, .backward):
        tensor = network.namedModules.values.compactMap { $0[optional: "running_var"] }.first { $0.count > 0 }
      case (.mask, .prune):
        for module in network.namedModules.values {
          guard let mask = module[optional: "weight_mask"], mask.countNonzero() > 0 else { continue }
          // An entry that stays is turned away; the judge of masks must object.
          let turned = mask.clone()
          turned.view(-1)[turned.view(-1).argmax().intItem()].zero()
          _ = try? module.loadStateDict(["weight_mask": turned], strict: false)
          return
        }
        tensor = nil
      default: tensor = nil
      }
      noGrad { _ = tensor?.view(-1)[0].addInPlace(0.125) }
    }
  }

  @Test("a value that goes wrong is found, and the program is shortened", arguments: Damage.allCases)
  func damageIsFound(_ damage: Damage) throws {
    let threads = threadCount
    defer { threadCount = threads }
    let runner = ProgramRunner(try Oracle())
    runner.afterStep = { step, network in damage.apply(step, network) }
    let failure = try #require(Campaign(seed: 0, range: 0..<60, failureLimit: 1).run(runner).first)
    #expect(failure.shrunk.steps.count <= 3, "\(failure.description)")
    #expect(failure.shrunk.steps.count <= failure.program.steps.count)
    // The short program fails because of the damage, and of nothing else.
    guard case .mismatch = try runner.run(failure.shrunk) else {
      Issue.record("the short program does not fail")
      return
    }
    runner.afterStep = nil
    guard case .agreed = try runner.run(failure.shrunk) else {
      Issue.record("the short program fails without the damage")
      return
    }
  }
}
