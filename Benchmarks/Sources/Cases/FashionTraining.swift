import Datasets
import NN
import Pruning
import Torch

extension Training {
  /// A training on images in batches of 64, each pass in an order of its own that follows from the seed.
  static func onImages(
    _ images: ImageSet, steps: Int, seed: UInt64, rate: Double = 1e-3, learningRate: LearningRateSchedule = .constant
  ) -> Training {
    let order = Order(images, seed: seed)
    return Training(steps: steps, learningRate: learningRate) { model in
      Adam(model.parameters, learningRate: rate)
    } batch: { step in
      order.batch(step)
    }
  }

  /// The batches of all passes, of which the order of one is kept.
  private final class Order {
    private let images: ImageSet
    private let seed: UInt64
    private var pass = -1
    private var order = Tensor.zeros([0])

    init(_ images: ImageSet, seed: UInt64) { (self.images, self.seed) = (images, seed) }

    func batch(_ step: Int) -> (inputs: Tensor, targets: Tensor) {
      let size = 64
      let count = (images.count + size - 1) / size
      if step / count != pass {
        pass = step / count
        order = Tensor.randperm(images.count, generator: Generator(seed: seed &* 1000 &+ UInt64(pass)))
      }
      let start = step % count * size
      let picks = order.narrow(0, start: start, length: min(size, images.count - start))
      return (images.images.indexSelect(0, picks), images.labels.indexSelect(0, picks))
    }
  }
}
