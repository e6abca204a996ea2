import ArgumentParser
import Datasets
import ExampleModels
import Foundation
import NN
import Torch

/// The small ResNet on Fashion-MNIST.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train the small ResNet on Fashion-MNIST: Adam with a cosine, batches of 128.")

  @Option(help: "The passes over the training images.") var epochs = 3
  @Option(help: "The seed of weights and order.") var seed: UInt64 = 0
  @Option(help: "The number of threads; the engine's own where none is given.") var threads: Int?
  @Option(help: "The folder of the images.") var data = FashionMNIST.defaultFolder
  @Flag(help: "Wait for a line on standard input before each epoch, to run in turns with another program.")
  var inTurns = false
  @Option(name: .shortAndLong, help: "Where the state dict goes.") var output: String?

  func run() throws {
    keepFreedMemory()
    if let threads { threadCount = threads }
    let fashion = try FashionTraining(folder: data)
    manualSeed(seed)
    let model = SmallResNet()
    let optimizer = Adam(model.parameters, learningRate: 2e-3)
    var rates = LearningRateSchedule.cosine(steps: epochs * fashion.stepCount).rates(from: 2e-3)
    let generator = Generator(seed: seed)
    let clock = ContinuousClock()
    for epoch in 1...max(epochs, 1) {
      if inTurns { _ = readLine() }
      let start = clock.now
      let startOfWork = Foundation.clock()
      let total = fashion.epoch(model, optimizer, &rates, generator)
      let (seconds, attoseconds) = (clock.now - start).components
      let time = Double(seconds) + Double(attoseconds) * 1e-18
      let work = Double(Foundation.clock() - startOfWork) / Double(CLOCKS_PER_SEC)
      // At once, also into a pipe.
      let line = "epoch \(epoch) accuracy \(fashion.accuracy(model)) seconds \(time) cpu \(work) loss \(total)\n"
      FileHandle.standardOutput.write(Data(line.utf8))
    }
    if let output { try model.save(to: output) }
  }
}
