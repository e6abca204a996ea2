import ArgumentParser
import Foundation
import Torch

/// Training speed.
struct TrainingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "training",
    abstract: "Training steps a second: LeNet, Adam 1e-3, cross entropy.",
    discussion: """
      Both sides train the same network from the same seed on the same batches, a pass over the images each in turns; \
      their losses are compared. Images are Fashion-MNIST's where `make data` has put them, otherwise random ones of \
      their shape.
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("Images in a pass.", valueName: "n"))
  var images = 12_800

  @Option(help: ArgumentHelp("Images in a batch.", valueName: "n"))
  var batch = 64

  @Option(help: ArgumentHelp("Passes of each side.", valueName: "n"))
  var runs = 9

  @Option(help: ArgumentHelp("Prune the five weights globally by L1 first.", valueName: "share"))
  var amount: Double?

  @Flag(help: "Adam's fused step on both sides.")
  var fused = false

  @Flag(help: "Convolutions with channels side by side on Bonsai's side, as an application may choose.")
  var channelsLast = false

  private struct Result: Encodable {
    var setting: Report.Setting
    var steps = 0
    var bonsai = Samples()
    var torch = Samples()
    var lossDifference = 0.0
  }

  func run() throws {
    keepFreedMemory()
    let peer = try common.startPeer()
    var result = Result(setting: .init(threads: threadCount, torch: peer?.version))
    let (set, source) = try TrainingRun.images(images, seed: common.seed)
    let run = try TrainingRun(set, batch: batch, seed: common.seed, amount: amount, fused: fused)
    if channelsLast { run.net.to(.channelsLast) }
    try peer.map { try run.hand(to: $0) }
    result.steps = set.batches(of: batch).count
    print(
      "LeNet, \(source), batches of \(batch), Adam\(fused ? " (fused)" : "")\(amount.map { ", \($0) pruned" } ?? ""), "
        + "\(threadCount) threads: steps a second, median of \(runs) passes of \(result.steps) steps (best)")
    for turn in -1..<runs {
      var mine = (seconds: 0.0, loss: 0.0)
      var theirs: PythonPeer.Reply?
      for isBonsai in turn % 2 == 0 ? [true, false] : [false, true] {
        if isBonsai { mine = run.pass() } else { theirs = try peer?.ask("training", ["batch": batch]) }
      }
      if let loss = theirs?.loss { result.lossDifference = max(result.lossDifference, abs(loss - mine.loss)) }
      guard turn >= 0 else { continue }  // the first pass warms up
      result.bonsai.add(mine.seconds)
      if let seconds = theirs?.seconds { result.torch.add(seconds) }
    }
    describe("Bonsai ", result.bonsai, result.steps)
    if peer != nil {
      describe("PyTorch", result.torch, result.steps)
      print(
        String(
          format: "ratio %.2f (best runs %.2f); largest difference of the passes' last losses %.2g",
          result.torch.median / result.bonsai.median, result.torch.minimum / result.bonsai.minimum,
          result.lossDifference))
    }
    result.setting.loadAfter = Report.Setting.load
    if let path = common.json { try write(result, toJSON: path) }
  }

  private func describe(_ name: String, _ samples: Samples, _ steps: Int) {
    print(
      "\(name)  "
        + String(format: "%.1f (%.1f)", Double(steps) / samples.median, Double(steps) / samples.minimum))
  }
}
