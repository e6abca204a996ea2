import ArgumentParser
import Compaction
import Datasets
import Foundation
import NN
import Pruning
import Recipes
import Runtime
import Torch

/// What each pattern of zeros costs in accuracy, and gives in speed.
struct PatternsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "patterns",
    abstract: "Accuracy on Fashion-MNIST and speed, by pattern and sparsity.",
    discussion: """
      A convolutional network is trained, then, for each pattern and share, pruned by magnitude in each layer and trained on for \
      an epoch. Speed is that of `accelerated` beside LibTorch alone in its faster memory format, in turns; where whole \
      channels go, that of the smaller network. Shares are of the entries, and of the channels where these go. Results go \
      to a file, and what it has already is not run again.
      """)

  /// Which entries go together.
  enum Way: String, CaseIterable, ExpressibleByArgument, Codable {
    case dense
    case entries
    case blocks4 = "4x1"
    case blocks8 = "8x1"
    case twoOfFour = "2:4"
    case channels
  }

  /// One network.
  struct Outcome: Codable {
    var way: Way
    var sparsity: Double
    var seed: UInt64
    var epochs: Int
    var images: Int
    var accuracy: Double
    /// How many times as fast as the dense network, by batch.
    var speed: [String: Double]
  }

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Which patterns.", valueName: "name"))
  var ways = Way.allCases

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Shares to prune.", valueName: "share"))
  var sparsities = [0.5, 0.7, 0.8, 0.9]

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Seeds.", valueName: "n"))
  var seeds: [UInt64] = [0]

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Batches that speed is measured at, with one thread.", valueName: "n"))
  var batches = [1, 64]

  @Option(help: ArgumentHelp("Epochs before pruning.", valueName: "n"))
  var epochs = 3

  @Option(help: ArgumentHelp("Images to train on, of 60 000.", valueName: "n"))
  var images = 60_000

  @Option(help: ArgumentHelp("The most networks trained in this run; the next one goes on.", valueName: "n"))
  var most = Int.max

  @Option(help: ArgumentHelp("The results, which are added to.", valueName: "file"))
  var json = "out/patterns.json"

  func validate() throws {
    guard images > 0 else { throw ValidationError("--images: expected 1 or more, found \(images)") }
    guard epochs > 0 else { throw ValidationError("--epochs: expected 1 or more, found \(epochs)") }
    for share in sparsities where !(share > 0 && share < 1) {
      throw ValidationError("--sparsities: expected shares above 0 and below 1, found \(share)")
    }
  }

  func run() throws {
    keepFreedMemory()
    let (train, test) = (try FashionMNIST.load(.train).prefix(images), try FashionMNIST.load(.test))
    var file = try OutcomeFile<Outcome>(json)
    var left = most
    for seed in seeds {
      let start = "\(json).\(seed).\(epochs).\(images).safetensors"
      for (way, sparsity) in cells {
        func isThis(_ other: Outcome) -> Bool {
          other.way == way && other.sparsity == sparsity && other.seed == seed && isSameTraining(other)
        }
        if file.outcomes.contains(where: isThis) { continue }
        guard left > 0 else { return print("There is more to do: run it again.") }
        left -= 1
        let trial = PatternTrial(train: train, test: test, seed: seed, batches: batches)
        if way == .dense { try trial.trainDense(epochs: epochs, to: start) }
        let outcome = try trial.run(way, sparsity, epochs: epochs, from: start)
        try file.add(outcome)
        print(Self.line(outcome))
        fflush(nil)
      }
    }
    print("\nMeans over seeds \(seeds)")
    for (way, sparsity) in cells {
      let found = file.outcomes.filter { $0.way == way && $0.sparsity == sparsity && isSameTraining($0) }
      guard var mean = found.first else { continue }
      mean.accuracy = found.map(\.accuracy).reduce(0, +) / Double(found.count)
      for batch in mean.speed.keys {
        mean.speed[batch] = found.compactMap { $0.speed[batch] }.reduce(0, +) / Double(found.count)
      }
      print(Self.line(mean))
    }
  }

  private func isSameTraining(_ other: Outcome) -> Bool { other.epochs == epochs && other.images == images }

  /// The dense network first, from which the others start; N:M has a share of its own.
  private var cells: [(Way, Double)] {
    [(.dense, 0)]
      + ways.filter { $0 != .dense }.flatMap { way in
        (way == .twoOfFour ? [0.5] : sparsities).map { (way, $0) }
      }
  }

  private static func line(_ outcome: Outcome) -> String {
    let speeds = outcome.speed.sorted { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }.map {
      String(format: "batch %@ %.2f", $0.key, $0.value)
    }
    return String(
      format: "%@ %3.0f %%  accuracy %.2f %%  times as fast: %@",
      outcome.way.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0), outcome.sparsity * 100,
      outcome.accuracy * 100, speeds.joined(separator: ", "))
  }
}
