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
    let (train, test) = try FashionMNIST.load(from: data)
    let images = cropped(train)
    manualSeed(seed)
    let model = SmallResNet()
    let optimizer = Adam(model.parameters, learningRate: 2e-3)
    let batch = 128
    var rates = LearningRateSchedule.cosine(steps: epochs * ((train.count + batch - 1) / batch)).rates(from: 2e-3)
    let generator = Generator(seed: seed)
    let clock = ContinuousClock()
    for epoch in 1...max(epochs, 1) {
      if inTurns { _ = readLine() }
      model.train()
      let start = clock.now
      let startOfWork = Foundation.clock()
      var total = 0.0
      let order = Tensor.randperm(train.count, generator: generator)
      for begin in stride(from: 0, to: train.count, by: batch) {
        let picks = order.narrow(0, start: begin, length: min(batch, train.count - begin))
        optimizer.learningRate = rates.next()
        optimizer.zeroGrad()
        let loss = crossEntropy(model(images.indexSelect(0, picks)), train.labels.indexSelect(0, picks))
        loss.backward()
        optimizer.step()
        if begin == 0 || begin % (100 * batch) == 0 { total = loss.item() }
      }
      let (seconds, attoseconds) = (clock.now - start).components
      let time = Double(seconds) + Double(attoseconds) * 1e-18
      let work = Double(Foundation.clock() - startOfWork) / Double(CLOCKS_PER_SEC)
      // At once, also into a pipe.
      let line = "epoch \(epoch) accuracy \(accuracy(model, test)) seconds \(time) cpu \(work) loss \(total)\n"
      FileHandle.standardOutput.write(Data(line.utf8))
    }
    if let output { try model.save(to: output) }
  }

  /// Images of 28 x 28, without the border that the data set comes with.
  private func cropped(_ set: ImageSet) -> Tensor {
    set.images.narrow(2, start: 2, length: 28).narrow(3, start: 2, length: 28).contiguous()
  }

  private func accuracy(_ model: Module, _ set: ImageSet) -> Double {
    model.eval()
    return ImageSet(images: cropped(set), labels: set.labels).accuracy(inBatchesOf: 500) { model($0) }
  }
}
