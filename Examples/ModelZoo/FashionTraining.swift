import Datasets
import NN
import Torch

/// The images of Fashion-MNIST as the small networks take them, and an epoch of training on them.
struct FashionTraining {
  let images: Tensor
  let labels: Tensor
  let test: ImageSet

  init(folder: String) throws {
    let (train, test) = try FashionMNIST.load(from: folder)
    (images, labels) = (Self.cropped(train), train.labels)
    self.test = ImageSet(images: Self.cropped(test), labels: test.labels)
  }

  /// Images of 28 x 28, without the border that the data set comes with.
  private static func cropped(_ set: ImageSet) -> Tensor {
    set.images.narrow(2, start: 2, length: 28).narrow(3, start: 2, length: 28).contiguous()
  }

  /// The steps of an epoch.
  static let batch = 128
  var stepCount: Int { (labels.count + Self.batch - 1) / Self.batch }

  /// One pass over the training images.
  ///
  /// - Returns: the loss of the last hundredth step.
  @discardableResult
  func epoch(
    _ model: Module, _ optimizer: Adam, _ rates: inout LearningRates, _ generator: Generator
  ) -> Double {
    model.train()
    var loss = 0.0
    let order = Tensor.randperm(labels.count, generator: generator)
    for begin in stride(from: 0, to: labels.count, by: Self.batch) {
      let picks = order.narrow(0, start: begin, length: min(Self.batch, labels.count - begin))
      optimizer.learningRate = rates.next()
      optimizer.zeroGrad()
      let found = crossEntropy(model(images.indexSelect(0, picks)), labels.indexSelect(0, picks))
      found.backward()
      optimizer.step()
      if begin % (100 * Self.batch) == 0 { loss = found.item() }
    }
    return loss
  }

  /// Trains from a rate down a cosine.
  func train(_ model: Module, epochs: Int, learningRate: Double, seed: UInt64) {
    let optimizer = Adam(model.parameters, learningRate: learningRate)
    var rates = LearningRateSchedule.cosine(steps: epochs * stepCount).rates(from: learningRate)
    let generator = Generator(seed: seed)
    for _ in 0..<epochs { epoch(model, optimizer, &rates, generator) }
  }

  /// The share of the test images that is recognised.
  func accuracy(_ model: Module) -> Double {
    model.eval()
    return test.accuracy(inBatchesOf: 500) { model($0) }
  }
}
