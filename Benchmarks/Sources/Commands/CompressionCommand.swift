import ArgumentParser
import Datasets
import Foundation
import NN
import Pruning
import Recipes
import Torch

/// How few weights do what all of them did.
struct CompressionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compression",
    abstract: "LeNet-300-100 and LeNet-5 on Fashion-MNIST: accuracy of few weights against that of all of them.",
    discussion: """
      Dense networks and pruned ones have the same training: a constant rate, then a half cosine. Results go to a file, and \
      what it has already is not run again.
      """)

  /// One training.
  struct Outcome: Codable, Equatable {
    var network: SmallNetwork
    var sparsity: Double
    var seed: UInt64
    var epochs: Int
    var accuracy: Double
    /// The weights, without biases, that are not 0, and all of them.
    var left: Int
    var weights: Int
  }

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Which networks.", valueName: "name"))
  var networks: [SmallNetwork] = [.mlp, .caffe]

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Shares of the weights to prune; 0 for none.", valueName: "share"))
  var sparsities = [0, 0.9167, 0.95, 0.97, 0.98, 0.99]

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Seeds.", valueName: "n"))
  var seeds: [UInt64] = [0]

  @Option(help: ArgumentHelp("Epochs in all.", valueName: "n"))
  var epochs = 12

  @Option(help: ArgumentHelp("The results, which are added to.", valueName: "file"))
  var json = "out/compression.json"

  func validate() throws {
    for share in sparsities where !(share >= 0 && share < 1) {
      throw ValidationError("--sparsities: expected shares of 0 or more and below 1, found \(share)")
    }
    guard epochs > 0 else { throw ValidationError("--epochs: expected 1 or more, found \(epochs)") }
  }

  func run() throws {
    keepFreedMemory()
    let (train, test) = (try FashionMNIST.load(.train), try FashionMNIST.load(.test))
    var file = try OutcomeFile<Outcome>(json)
    for network in networks {
      for sparsity in sparsities {
        for seed in seeds {
          func isThis(_ other: Outcome) -> Bool {
            other.network == network && other.sparsity == sparsity && other.seed == seed && other.epochs == epochs
          }
          if file.outcomes.contains(where: isThis) { continue }
          try file.add(outcome(network, sparsity, seed, train, test))
        }
      }
      print("\n\(network.rawValue): \(epochs) epochs, seeds \(seeds)")
      for sparsity in sparsities {
        let found = file.outcomes.filter {
          $0.network == network && $0.sparsity == sparsity && $0.epochs == epochs && seeds.contains($0.seed)
        }
        guard let first = found.first else { continue }
        let mean = found.reduce(0) { $0 + $1.accuracy } / Double(found.count)
        print(
          String(
            format: "%7d of %d weights left, 1 in %5.1f: accuracy %.2f %%", first.left, first.weights,
            Double(first.weights) / Double(first.left), mean * 100))
      }
      fflush(nil)
    }
  }

  private func outcome(
    _ network: SmallNetwork, _ sparsity: Double, _ seed: UInt64, _ train: ImageSet, _ test: ImageSet
  ) throws -> Outcome {
    manualSeed(seed)
    let net = network.make()
    let steps = epochs * train.batches(of: 64).count
    let end = 0.75
    let constant = Int(end * Double(steps))
    let training = Training.onImages(
      train, steps: steps, seed: seed, rate: network == .caffe ? 1e-3 : 2e-3,
      learningRate: .chain([.constant, .cosine(steps: steps - constant)], switchingAt: [constant]))
    // A share of 0 is the same training without masks.
    let recipe: Recipe =
      sparsity == 0
      ? .oneShot(0)
      : .gradual(sparsity, to: end, updates: max(1, Int((end - 1.0 / 6) * Double(steps) / 100)))
    try Prune.whileTraining(net, recipe, training)
    let weights = net.parameters.filter { $0.rank > 1 }
    let outcome = Outcome(
      network: network, sparsity: sparsity, seed: seed, epochs: epochs, accuracy: accuracy(of: net, on: test),
      left: weights.reduce(0) { $0 + $1.countNonzero() }, weights: weights.reduce(0) { $0 + $1.count })
    print(
      String(
        format: "%@, %.2f %%, seed %d: %d weights left, accuracy %.2f %%", network.rawValue, sparsity * 100, Int(seed),
        outcome.left, outcome.accuracy * 100))
    fflush(nil)
    return outcome
  }
}
