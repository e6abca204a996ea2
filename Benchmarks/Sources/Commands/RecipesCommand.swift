import ArgumentParser
import Datasets
import Foundation
import NN
import Pruning
import Recipes
import Torch

/// Which recipe keeps the most accuracy.
struct RecipesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recipes",
    abstract: "Accuracy of LeNet on Fashion-MNIST, pruned by several recipes: mean and spread over seeds.",
    discussion: """
      All recipes have the same number of epochs in all. "one-shot" is PyTorch's: train, prune globally by L1, train on for a \
      sixth of the epochs, at a constant rate. The others prune during training, at a constant rate, and end with a half \
      cosine. "dense" is trained as those are, and not pruned. Results go to a file, and what it has already is not run again.
      """)

  /// A way to prune.
  enum Way: String, CaseIterable, ExpressibleByArgument, Codable {
    case dense
    case oneShot = "one-shot"
    case magnitude
    case curvature
    case taylor
    case movement
    case lamp
    case obd
    case rigL = "rigl"
    case set
  }

  /// One training.
  struct Outcome: Codable, Equatable {
    var way: Way
    var sparsity: Double
    var seed: UInt64
    var epochs: Int
    var accuracy: Double
    /// The share of the five weights that is 0.
    var measuredSparsity: Double
    var seconds: Double
  }

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Which recipes.", valueName: "name"))
  var ways: [Way] = [.dense, .oneShot, .magnitude, .curvature]

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Shares of the weights to prune.", valueName: "share"))
  var sparsities = [0.8, 0.9, 0.95, 0.98, 0.99]

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Seeds.", valueName: "n"))
  var seeds: [UInt64] = [0, 1, 2]

  @Option(help: ArgumentHelp("Epochs in all.", valueName: "n"))
  var epochs = 12

  @Option(help: ArgumentHelp("The results, which are added to.", valueName: "file"))
  var json = "out/recipes.json"

  func validate() throws {
    guard epochs > 0 else { throw ValidationError("--epochs: expected 1 or more, found \(epochs)") }
    for share in sparsities where !(share > 0 && share < 1) {
      throw ValidationError("--sparsities: expected shares above 0 and below 1, found \(share)")
    }
  }

  func run() throws {
    keepFreedMemory()
    let (train, test) = (try FashionMNIST.load(.train), try FashionMNIST.load(.test))
    var file = try OutcomeFile<Outcome>(json)
    for way in ways {
      for sparsity in way == .dense ? [0] : sparsities {
        for seed in seeds {
          func isThis(_ other: Outcome) -> Bool {
            other.way == way && other.sparsity == sparsity && other.seed == seed && other.epochs == epochs
          }
          if file.outcomes.contains(where: isThis) { continue }
          let outcome = try RecipeTraining(train, epochs: epochs, seed: seed).run(way, sparsity, test)
          try file.add(outcome)
          print(
            String(
              format: "%@ %4.1f %%, seed %d: accuracy %.2f %%, %.1f s", "\(way.rawValue)".padded(10), sparsity * 100,
              Int(seed), outcome.accuracy * 100, outcome.seconds))
          fflush(nil)
        }
      }
    }
    print("\nAccuracy in percent, mean and spread (largest less smallest) of seeds \(seeds), \(epochs) epochs in all")
    print("recipe".padded(12) + sparsities.map { String(format: "%.4g %%", $0 * 100).padded(16) }.joined())
    for way in ways { print(way.rawValue.padded(12) + row(way, file.outcomes)) }
  }

  private func row(_ way: Way, _ outcomes: [Outcome]) -> String {
    (way == .dense ? [0] : sparsities).map { sparsity in
      let found = outcomes.filter {
        $0.way == way && $0.sparsity == sparsity && $0.epochs == epochs && seeds.contains($0.seed)
      }.map { $0.accuracy * 100 }
      guard let most = found.max(), let least = found.min() else { return "" }
      return String(format: "%.2f (%.2f)", found.reduce(0, +) / Double(found.count), most - least).padded(16)
    }.joined()
  }
}

extension String {
  /// Filled up with spaces.
  fileprivate func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
