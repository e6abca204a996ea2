import Foundation
import NN
import Pruning
import Recipes
import Testing
import Torch

/// The examples of the guides compile and do what they say.
@Suite(.serialized) struct GuideTests {
  @Test func fromOneShotTo98() throws {
    manualSeed(0)
    let (steps, model, dense) = (40, ProcedureTests.net(), ProcedureTests.net())
    let batches = (0..<steps).map { _ in (inputs: Tensor.randn([16, 8]), targets: Tensor.randint(0..<3, [16])) }
    var training = Training(
      steps: steps, learningRate: .chain([.constant, .cosine(steps: steps / 4)], switchingAt: [steps * 3 / 4])
    ) {
      Adam($0.parameters, learningRate: 2e-3)
    } batch: {
      batches[$0]
    }
    training.teaching = .init(
      dense, Distillation(.softTargets(temperature: 4), .features("2", weight: 0.1)), share: 0.5)
    let report = try Prune.whileTraining(model, .gradual(0.9), training)
    #expect(abs(report.weights.sparsity - 0.9) < 0.01)
    let snip = try Prune.beforeTraining(ProcedureTests.net(), Recipe(.snip, target: .sparsity(0.9)), training)
    #expect(abs(snip.weights.sparsity - 0.9) < 0.01)
  }

  @Test func theLotteryTicket() throws {
    func lottery() throws -> LotteryTicket {
      try LotteryTicket(
        Recipe(.magnitude, target: .sparsity(0.95)), rounds: 2, seed: 0, training: ProcedureTests.training(5)
      ) {
        ProcedureTests.net()
      } evaluate: { model in
        ProcedureTests.accuracy(model)
      }
    }
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let first = try lottery()
    _ = try first.next()
    try first.stateDict.save(to: path)
    let second = try lottery()
    if FileManager.default.fileExists(atPath: path) { try second.loadStateDict(StateDict(contentsOf: path)) }
    while try second.next() != nil { try second.stateDict.save(to: path) }
    #expect(second.outcomes.count == 7)
  }
}
