import Datasets
import Foundation
import NN
import Pruning
import Recipes
import Torch

/// A LeNet that is trained and pruned by one recipe.
struct RecipeTraining {
  private let images: ImageSet
  private let epochs: Int
  private let seed: UInt64
  private let net: LeNet
  private let generator: Generator
  private let batch = 64

  init(_ images: ImageSet, epochs: Int, seed: UInt64) {
    (self.images, self.epochs, self.seed) = (images, epochs, seed)
    manualSeed(seed)
    net = LeNet()
    generator = Generator(seed: seed)
  }

  /// Trains and prunes; the accuracy on other images.
  func run(_ way: RecipesCommand.Way, _ sparsity: Double, _ test: ImageSet) throws -> RecipesCommand.Outcome {
    let time = try seconds {
      if way == .oneShot { try oneShot(sparsity) } else { try gradual(way, sparsity) }
    }
    let weights = net.weights.map { $0.0[$0.1] }
    let zeros = weights.reduce(0) { $0 + $1.count - $1.countNonzero() }
    return RecipesCommand.Outcome(
      way: way, sparsity: sparsity, seed: seed, epochs: epochs, accuracy: accuracy(of: net, on: test),
      measuredSparsity: Double(zeros) / Double(weights.reduce(0) { $0 + $1.count }), seconds: time)
  }

  /// Pruned from a sixth of the way on, about every hundred steps, or sparse from the beginning on; the rate is constant
  /// until masks stay, then falls to 0 by a half cosine. "dense" is the same training of a dense network.
  private func gradual(_ way: RecipesCommand.Way, _ sparsity: Double) throws {
    // Sparser networks want a higher rate and more time.
    let isSparse = sparsity > 0.92
    let (rate, start, end) = (isSparse ? 3e-3 : 2e-3, 1.0 / 6, isSparse ? 0.75 : 2.0 / 3)
    let steps = epochs * images.batches(of: batch).count
    let optimizer = Adam(net.parameters, learningRate: rate)
    func updates(_ share: Double) -> Int { max(1, Int(share * Double(steps) / 100)) }
    let recipe: Recipe? =
      switch way {
      case .rigL:
        Recipe(
          .random(seed: seed), target: .sparsity(sparsity), distribution: .erk,
          regrowth: .rigL(to: end, updates: updates(end)))
      case .set:
        Recipe(
          .random(seed: seed), target: .sparsity(sparsity), distribution: .erk,
          regrowth: .set(seed: seed, to: end, updates: updates(end)))
      default:
        way.criterion.map {
          Recipe(
            $0, target: .sparsity(sparsity), schedule: .cubic(from: start, to: end, updates: updates(end - start)))
        }
      }
    let pruner = try recipe.map { try Pruner(net, $0, steps: steps, optimizer: optimizer) }
    var step = 0
    for _ in 0..<epochs {
      for (images, labels) in images.batches(of: batch, shuffledBy: generator) {
        let left = max(0, Double(step) / Double(steps) - end) / (1 - end)
        optimizer.learningRate = rate * (1 + cos(left * .pi)) / 2
        optimizer.zeroGrad()
        crossEntropy(net(images), labels).backward()
        try pruner?.step()
        optimizer.step()
        step += 1
      }
    }
    try pruner?.finish()
  }

  /// PyTorch's: trained, pruned globally by L1, and trained on for a sixth of the epochs by a new optimiser.
  private func oneShot(_ sparsity: Double) throws {
    let after = max(1, epochs / 6)
    for (epochs, isPruned) in [(epochs - after, false), (after, true)] {
      if isPruned {
        try Prune.globalUnstructured(net.weights, method: L1Unstructured.self, amount: .fraction(sparsity))
      }
      let optimizer = Adam(net.parameters, learningRate: 1e-3)
      for _ in 0..<epochs {
        for (images, labels) in images.batches(of: batch, shuffledBy: generator) {
          optimizer.zeroGrad()
          crossEntropy(net(images), labels).backward()
          optimizer.step()
        }
      }
    }
    for (layer, name) in net.weights { try Prune.remove(layer, name: name) }
  }
}

extension RecipesCommand.Way {
  /// What ranks in a training that prunes on the way; nil for the others.
  fileprivate var criterion: (any Criterion)? {
    switch self {
    case .dense, .oneShot, .rigL, .set: nil
    case .obd: .optimalBrainDamage
    case .magnitude: .magnitude
    case .curvature: .curvature
    case .taylor: .taylor
    case .movement: .movement
    case .lamp: .lamp
    }
  }
}
