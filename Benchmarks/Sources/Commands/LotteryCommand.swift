import ArgumentParser
import Console
import Datasets
import Foundation
import NN
import Pruning
import Recipes
import Torch

/// Lottery tickets beside their controls.
struct LotteryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lottery",
    abstract:
      "Lottery tickets on Fashion-MNIST: accuracy of tickets, of their masks over other weights, of shuffled masks.",
    discussion: """
      Each network is trained, pruned by global magnitude, set back to its first weights (or to those of an early step) and \
      trained again, round after round. Everything goes into a folder, and what is there is not trained again.
      """)

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Which networks.", valueName: "name"))
  var networks: [SmallNetwork] = [.lenet, .mlp]

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Seeds.", valueName: "n"))
  var seeds: [UInt64] = [0, 1]

  @Option(help: ArgumentHelp("Rounds.", valueName: "n"))
  var rounds = 5

  @Option(help: ArgumentHelp("The share of the weights that is pruned after the last round.", valueName: "share"))
  var sparsity = 0.95

  @Option(help: ArgumentHelp("Steps of each training.", valueName: "n"))
  var steps = 2_345

  @Option(help: ArgumentHelp("The early step.", valueName: "n"))
  var rewinding = 500

  @Option(help: ArgumentHelp("Where the trainings are.", valueName: "folder"))
  var folder = "out/lottery"

  func validate() throws {
    guard rounds > 0, steps > rewinding, rewinding > 0, sparsity > 0, sparsity < 1 else {
      throw ValidationError("expected one round or more, a sparsity within 0 and 1, and an early step before the last")
    }
  }

  func run() throws {
    keepFreedMemory()
    let (train, test) = (try FashionMNIST.load(.train), try FashionMNIST.load(.test))
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var tables: [SmallNetwork: [[LotteryTicket.Outcome]]] = [:]
    for network in networks {
      for seed in seeds {
        var found: [LotteryTicket.Outcome] = []
        for early in [0, rewinding] { found += try outcomes(network, seed, rewinding: early, train, test) }
        tables[network, default: []].append(found)
      }
    }
    for network in networks { print(table(network, tables[network] ?? [])) }
  }

  private func outcomes(
    _ network: SmallNetwork, _ seed: UInt64, rewinding: Int, _ train: ImageSet, _ test: ImageSet
  ) throws -> [LotteryTicket.Outcome] {
    let lottery = try LotteryTicket(
      Recipe(.magnitude, target: .sparsity(sparsity)), rounds: rounds, rewinding: rewinding,
      // The controls do not depend on the step.
      controls: rewinding == 0 ? [.drawnAnew, .shuffled] : [], seed: seed,
      training: .onImages(train, steps: steps, seed: seed), make: network.make
    ) { accuracy(of: $0, on: test) }
    let path = "\(folder)/\(network.rawValue)-\(steps)-\(sparsity)-\(rounds)-\(rewinding)-\(seed).safetensors"
    if FileManager.default.fileExists(atPath: path) { try lottery.loadStateDict(StateDict(contentsOf: path)) }
    while true {
      let start = ContinuousClock.now
      guard let outcome = try lottery.next() else { break }
      try lottery.stateDict.save(to: path)
      print(
        String(
          format: "%@, seed %d, rewound to %d, round %d, %@: %.2f %% pruned, accuracy %.2f %%, %.0f s",
          network.rawValue,
          Int(seed), rewinding, outcome.round, outcome.kind.rawValue, outcome.sparsity * 100, outcome.value * 100,
          (ContinuousClock.now - start) / .seconds(1)))
      fflush(nil)
    }
    return rewinding == 0
      ? lottery.outcomes
      : lottery.outcomes.map { outcome in
        // Told apart from tickets of the first weights below.
        var late = outcome
        late.round = -outcome.round
        return late
      }
  }

  private func table(_ network: SmallNetwork, _ seeds: [[LotteryTicket.Outcome]]) -> String {
    func values(_ round: Int, _ kind: LotteryTicket.Kind) -> String {
      let found = seeds.compactMap { $0.first { $0.round == round && $0.kind == kind }?.value }
      return found.map { String(format: "%.2f", $0 * 100) }.joined(separator: " ").padded(to: 16)
    }
    var lines = [
      "", "\(network.rawValue): accuracy in percent, seeds \(self.seeds); dense \(values(0, .dense))",
      ["pruned", "first weights", "step \(rewinding)", "drawn anew", "masks shuffled"].map { $0.padded(to: 16) }
        .joined(),
    ]
    for round in 1...rounds {
      let share = seeds.first?.first { $0.round == round }?.sparsity ?? 0
      lines.append(
        String(format: "%.1f %%", share * 100).padded(to: 16) + values(round, .ticket) + values(-round, .ticket)
          + values(round, .drawnAnew) + values(round, .shuffled))
    }
    return lines.joined(separator: "\n")
  }
}
