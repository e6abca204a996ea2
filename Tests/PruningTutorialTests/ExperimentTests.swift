import Checkpoints
import Console
import Datasets
import Foundation
import NN
import Pruning
import Testing
import Torch

@testable import PruningTutorial

/// Images of one brightness each, which is their class: learnt at once.
private func brightness(_ count: Int, seed: UInt64) -> ImageSet {
  let labels = Tensor.randint(0..<10, [count], generator: Generator(seed: seed))
  let images = labels.to(.float32).reshape(count, 1, 1, 1) / 5.0 - 1.0 + Tensor.zeros([count, 1, 32, 32])
  return ImageSet(images: images, labels: labels)
}

@Suite(.serialized) struct ExperimentTests {
  @Test func trainsPrunesAndFineTunes() throws {
    let folder = TemporaryFolder()
    var experiment = Experiment(train: brightness(1_280, seed: 1), test: brightness(200, seed: 2), device: .cpu)
    experiment.epochs = 2
    experiment.amounts = [0.5, 0.9]
    var lines: [String] = []
    let results = try experiment.run(savingTo: try OutputFolder(folder.path)) { lines.append($0) }

    #expect(results.points.map(\.keptWeights) == [61_470, 30_735, 6_147])
    #expect(results.points.map(\.sparsity.percent) == ["0 %", "50 %", "90 %"])
    #expect(results.points.allSatisfy { $0.fileBytes == results.points[0].fileBytes || $0.sparsity > 0 })
    #expect(results.points[0].pruned > 0.3, "three times as good as guessing, found \(results.points[0].pruned)")
    #expect(results.points[2].packedFileBytes < results.points[2].fileBytes / 5)
    #expect(lines.count == 2 + 2 * 2 && lines[0].hasPrefix("Epoch 1/2") && lines[4].hasPrefix("Pruned 90 %"))
    #expect(lines[5].hasPrefix("In training") && results.points.allSatisfy { $0.duringTraining > 0.3 })

    // The files hold what was measured.
    let model = LeNet()
    try model.load(from: folder.path + "/lenet-90.safetensors")
    #expect(accuracy(of: model, on: experiment.test) == results.points[2].fineTuned)
    #expect(model.weights.map { $0.0[$0.1].countNonzero() }.reduce(0, +) == 6_147)

    // The same settings give the same again.
    let again = try experiment.run(savingTo: try OutputFolder(folder.path)) { _ in }
    #expect(again.points == results.points)
  }

  @Test func accuracyCountsEveryImageAndLeavesTheModelTraining() {
    let model = LeNet()
    let set = brightness(2_005, seed: 3)  // batches of 1000, 1000 and 5
    let hits = noGrad { (model(set.images).argmax(1) .== set.labels).sum().intItem() }
    #expect(accuracy(of: model, on: set) == Double(hits) / 2_005)
    #expect(model.isTraining && model.conv1.isTraining)
    #expect(accuracy(of: model, on: set.prefix(0)) == 0)
  }

  @Test func packedFileIsCheckedAgainstTheModel() throws {
    let folder = TemporaryFolder()
    let output = try OutputFolder(folder.path)
    let model = LeNet()
    try Prune.globalUnstructured(model.weights, method: L1Unstructured.self, amount: 0.95)
    for (module, name) in model.weights { try Prune.remove(module, name: name) }
    let file = try ModelFile(saving: model, to: output, name: "model")
    #expect(file.packedBytes < file.denseBytes / 8)
    let packed = try Checkpoint.open(output.path("model-packed.safetensors"))
    #expect(SparseBitmask.isPacked(packed) && packed.size == file.packedBytes)
  }

  @Test func ownMethodPrunesEveryOtherEntry() throws {
    let layer = try fooBarUnstructured(Linear(3, 4), name: "bias")
    #expect(layer["bias_mask"].array(of: Float.self) == [0, 1, 0, 1])
    try fooBarUnstructured(layer, name: "bias")
    #expect(layer["bias_mask"].array(of: Float.self) == [0, 0, 0, 1])
  }
}
