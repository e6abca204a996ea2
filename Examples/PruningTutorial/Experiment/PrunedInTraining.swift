import Console
import Datasets
import NN
import Pruning
import Recipes
import Torch

/// A LeNet that is pruned while it is trained: a little more at each of many updates, ranked by curvature.
///
/// The rate is constant while masks change, and then falls to 0 by half a cosine.
struct PrunedInTraining {
  let model: LeNet
  private let train: ImageSet
  private let epochs: Int
  private let batchSize: Int
  private let generator: Generator
  private let learningRate = 2e-3
  /// The part of the way in which it is pruned.
  private let start = 1.0 / 6
  private let end = 2.0 / 3

  init(train: ImageSet, epochs: Int, batchSize: Int, seed: UInt64, device: Device) throws {
    (self.train, self.epochs, self.batchSize) = (train, epochs, batchSize)
    manualSeed(seed)
    model = try LeNet().to(device)
    generator = Generator(seed: seed)
  }

  /// The steps in all.
  var steps: Int { epochs * train.batches(of: batchSize).count }

  /// Trains and prunes.
  /// - Returns: The seconds it took.
  func run(to sparsity: Double) throws -> Double {
    let recipe = Recipe(
      .curvature, target: .sparsity(sparsity),
      schedule: .cubic(from: start, to: end, updates: max(1, Int((end - start) * Double(steps) / 100))))
    let optimizer = Adam(model.parameters, learningRate: learningRate)
    let pruner = try Pruner(model, recipe, steps: steps, optimizer: optimizer)
    let turn = Int(end * Double(steps))
    var rates = LearningRateSchedule.chain(
      [.constant, .cosine(steps: max(1, steps - turn))], switchingAt: [turn]
    ).rates(from: learningRate)
    var seconds = 0.0
    for _ in 0..<epochs {
      let batches = train.batches(of: batchSize, shuffledBy: generator)
      seconds += try trainEpoch(model, optimizer, batches, label: "  Pruning to \(sparsity.percent)") {
        optimizer.learningRate = rates.next()
        try pruner.step()
      }
    }
    try pruner.finish()
    return seconds
  }
}
