import ArgumentParser
import Datasets
import ExampleModels
import Foundation
import NN
import Pruning
import Runtime
import Torch

/// LeNet pruned in one shot and mended within its mask.
struct Mend: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prune LeNet in one shot and refit what is left without labels: accuracy after each step.")

  @Option(help: "The shares of the weights that go.") var shares = [0.9, 0.95]
  @Option(help: "The passes over the training images.") var epochs = 3
  @Option(help: "The seed of weights and order.") var seed: UInt64 = 0
  @Option(help: "Images without labels.") var images = 2048
  @Option(help: "The number of threads; the engine's own where none is given.") var threads: Int?
  @Option(help: "The folder of the images.") var data = FashionMNIST.defaultFolder

  func run() throws {
    keepFreedMemory()
    if let threads { threadCount = threads }
    let fashion = try FashionTraining(folder: data)
    manualSeed(seed)
    let dense = LeNet()
    fashion.train(dense, epochs: epochs, learningRate: 1e-3, seed: seed)
    say("dense", fashion.accuracy(dense))
    let picks = Tensor.randperm(fashion.labels.count, generator: Generator(seed: seed + 3))
      .narrow(0, start: 0, length: images)
    let x = fashion.images.indexSelect(0, picks)
    for share in shares {
      for (name, steps) in [
        ("nothing", []), ("bias", [.bias]), ("least squares", [.leastSquares]),
      ] as [(String, [RecoveryStep])] {
        let model = try dense.copy(into: LeNet())
        let weights = model.namedModules.values.filter { $0 is Linear || $0 is Conv2d }.map { ($0, "weight") }
        try Prune.globalUnstructured(weights, method: L1Unstructured.self, amount: .fraction(share))
        for (module, name) in weights { try Prune.remove(module, name: name) }
        let start = ContinuousClock.now
        if !steps.isEmpty { try Recovery(steps).run(model, teacher: dense, inputs: x) }
        say("\(share) pruned, \(name)", fashion.accuracy(model), (ContinuousClock.now - start).inSeconds)
      }
    }
  }

  private func say(_ name: String, _ accuracy: Double, _ seconds: Double = 0) {
    let line = "\(name): accuracy \(String(format: "%.4f, %.1f s", accuracy, seconds))\n"
    FileHandle.standardOutput.write(Data(line.utf8))
  }
}
