import ArgumentParser
import Foundation
import NN
import Pruning
import Torch

/// What a mask costs in the forward pass.
struct ForwardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forward",
    abstract: "Forward passes of a pruned layer beside those of the same layer unpruned, without gradients.",
    discussion: """
      Linear, batch 1. Blocks of passes of the dense and the pruned layer, of Bonsai and of PyTorch, in turns; the median of \
      the blocks' means.
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("Inputs and outputs of the layer.", valueName: "n"))
  var size = 2048

  @Option(help: ArgumentHelp("The share that is pruned, by L1.", valueName: "share"))
  var amount = 0.5

  @Option(help: ArgumentHelp("Blocks of each kind.", valueName: "n"))
  var runs = 15

  @Option(help: ArgumentHelp("Passes in a block.", valueName: "n"))
  var passes = 100

  private struct Result: Encodable {
    var setting: Report.Setting
    var dense = Samples()
    var pruned = Samples()
    var torchDense = Samples()
    var torchPruned = Samples()
  }

  func run() throws {
    let peer = try common.startPeer()
    var result = Result(setting: .init(threads: threadCount, torch: peer?.version))
    manualSeed(common.seed)
    let dense = Linear(size, size)
    let pruned = try dense.copy(into: Linear(size, size))
    try Prune.l1Unstructured(pruned, name: "weight", amount: .fraction(amount))
    let input = Tensor.randn([1, size])
    func block(_ layer: Linear) -> Double {
      noGrad { secondsAfterRest { for _ in 0..<passes { _ = layer(input) } } } / Double(passes)
    }
    try peer?.ask("forward_model", ["seed": common.seed, "size": size, "amount": amount])
    func torchBlock(_ masked: Bool) throws -> Double? {
      try peer?.ask("forward", ["masked": masked, "repeat": passes]).seconds
    }
    for turn in -1..<runs {
      // The order changes from turn to turn; the first one only warms up.
      for masked in turn % 2 == 0 ? [false, true] : [true, false] {
        let mine = block(masked ? pruned : dense)
        let theirs = try torchBlock(masked)
        guard turn >= 0 else { continue }
        if masked { result.pruned.add(mine) } else { result.dense.add(mine) }
        guard let theirs else { continue }
        if masked { result.torchPruned.add(theirs) } else { result.torchDense.add(theirs) }
      }
    }
    print(
      "Linear(\(size), \(size)), batch 1, float32, no gradients, \(threadCount) threads: one pass, median (smallest)")
    describe("Bonsai ", result.dense, result.pruned)
    if peer != nil { describe("PyTorch", result.torchDense, result.torchPruned) }
    result.setting.loadAfter = Report.Setting.load
    if let path = common.json { try write(result, toJSON: path) }
  }

  private func describe(_ name: String, _ dense: Samples, _ pruned: Samples) {
    func text(_ samples: Samples) -> String {
      "\(ResultTable.time(samples.median)) (\(ResultTable.time(samples.minimum)))"
    }
    print(
      "\(name)  dense \(text(dense))  pruned \(text(pruned))  "
        + String(
          format: "ratio %.3f (%.3f)", pruned.median / dense.median, pruned.minimum / dense.minimum))
  }
}
