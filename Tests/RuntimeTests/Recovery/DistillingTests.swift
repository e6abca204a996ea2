import NN
import Testing
import Torch

@testable import Runtime

/// Models trained on the outputs of the original.
@Suite struct DistillingTests {
  @Test func trainingOnOutputsBringsItNearerAndHoldsZeros() throws {
    let big = RecoveryTests.block(seed: 21)
    let x = Tensor.randn([512, 2, 6, 6], generator: Generator(seed: 7))
    // Running statistics as training leaves them.
    noGrad {
      big.train()
      for _ in 0..<60 { _ = big(x) }
      big.eval()
    }
    let small = try RecoveryTests.twin(big)
    noGrad { _ = small.conv1.weight.narrow(0, start: 0, length: 4).zero() }
    var training = DistillationTraining(epochs: 8, Distillation(.outputs()))
    training.batch = 32
    training.learningRate = 3e-3
    let report = try Recovery([.distill(training)]).run(small, teacher: big, inputs: x)
    let step = try #require(report.steps.first)
    #expect(step.isKept, "\(step.note ?? "")")
    #expect(report.after.relativeError < 0.9 * report.before.relativeError)
    #expect(small.conv1.weight.detach().narrow(0, start: 0, length: 4).countNonzero() == 0)
    #expect(small.parameters.allSatisfy { $0.grad == nil })
    #expect(!small.isTraining && !big.isTraining)
  }

  @Test func whatMadeItWorseIsUndoneToTheBit() throws {
    let big = RecoveryTests.block(seed: 22)
    let small = try RecoveryTests.twin(big)
    let before = small.stateDict.mapValues { $0.clone() }
    let x = Tensor.randn([40, 2, 6, 6], generator: Generator(seed: 7))
    var training = DistillationTraining(epochs: 1, Distillation(.softTargets(temperature: 2)))
    training.learningRate = 1
    training.batch = 16
    let report = try Recovery([.distill(training)]).run(small, teacher: big, inputs: x)
    #expect(report.after.relativeError == 0)
    for (name, tensor) in small.stateDict { #expect(difference(tensor, try #require(before[name])) == 0, "\(name)") }
  }
}
