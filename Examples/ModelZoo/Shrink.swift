import ArgumentParser
import Compaction
import Datasets
import ExampleModels
import Foundation
import NN
import Recipes
import Runtime
import Torch

/// The small ResNet made smaller and brought back without labels, beside training with labels.
struct Shrink: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take channels out of the small ResNet and recover it without labels: accuracy after each step.")

  @Option(help: "The shares of the channels inside the blocks that go.") var shares = [0.3, 0.5, 0.7]
  @Option(help: "The state dict of a trained network; trained for three epochs where none is given.")
  var weights: String?
  @Option(help: "Where the trained network's state dict goes.") var save: String?
  @Option(help: "The seed of weights and order.") var seed: UInt64 = 0
  @Option(help: "Images without labels for everything but distillation.") var images = 512
  @Flag(help: "Without the epochs of distillation and of training with labels.") var untrained = false
  @Option(help: "The number of threads; the engine's own where none is given.") var threads: Int?
  @Option(help: "The folder of the images.") var data = FashionMNIST.defaultFolder

  func run() throws {
    keepFreedMemory()
    if let threads { threadCount = threads }
    let fashion = try FashionTraining(folder: data)
    manualSeed(seed)
    let dense = SmallResNet()
    if let weights {
      try dense.load(from: weights)
    } else {
      fashion.train(dense, epochs: 3, learningRate: 2e-3, seed: seed)
      if let save { try dense.save(to: save) }
    }
    let original = fashion.accuracy(dense)
    say("dense", original, original, dense.parameterCount, 0)
    let picks = Tensor.randperm(fashion.labels.count, generator: Generator(seed: seed + 3))
      .narrow(0, start: 0, length: images)
    let x = fashion.images.indexSelect(0, picks)
    for share in shares {
      func cut(_ criterion: any UnitCriterion) throws -> (model: SmallResNet, kept: KeptChannels) {
        let model = try dense.copy(into: SmallResNet())
        var recipe = CompactionRecipe(criterion, target: .amount(.fraction(share)))
        recipe.selector.only = [try NamePattern("blocks.*conv1")]
        return (model, try model.compact(recipe, example: x.narrow(0, start: 0, length: 2)).kept)
      }
      func row(_ name: String, _ model: Module, _ start: ContinuousClock.Instant) {
        let seconds = (ContinuousClock.now - start).inSeconds
        say("\(Int(share * 100)) % \(name)", fashion.accuracy(model), original, model.parameterCount, seconds)
      }
      func recovered(
        _ name: String, _ start: (model: SmallResNet, kept: KeptChannels), _ steps: [RecoveryStep]
      ) throws -> SmallResNet {
        let (model, clock) = (start.model, ContinuousClock.now)
        let report = try Recovery(steps).run(model, teacher: dense, inputs: x, kept: start.kept)
        let undone = report.steps.filter { !$0.isKept }.map(\.name)
        row(name + (undone.isEmpty ? "" : " (undone: \(undone.joined(separator: ", ")))"), model, clock)
        return model
      }
      let clock = ContinuousClock.now
      row("L2, right after", try cut(GroupMagnitude()).model, clock)
      _ = try recovered("L2, calibrate", cut(GroupMagnitude()), [.calibrate])
      _ = try recovered("L2, bias", cut(GroupMagnitude()), [.bias])
      _ = try recovered("L2, least squares", cut(GroupMagnitude()), [.leastSquares])
      for kind in DataCriterion.Kind.allCases {
        let begin = ContinuousClock.now
        let made = try cut(DataCriterion(kind, module: dense, inputs: x))
        row("\(kind.rawValue), right after", made.model, begin)
        let model = try recovered("\(kind.rawValue), least squares", made, [.leastSquares])
        guard kind == .groupOBS, !untrained else { continue }
        let start = ContinuousClock.now
        var recovery = Recovery([.distill(DistillationTraining(epochs: 1))])
        recovery.heldOut = 0.02
        let report = try recovery.run(model, teacher: dense, inputs: fashion.images, kept: made.kept)
        row("group-obs, least squares, 1 epoch distilled" + (report.steps[0].isKept ? "" : " (undone)"), model, start)
      }
      guard !untrained else { continue }
      let start = ContinuousClock.now
      let (model, _) = try cut(GroupMagnitude())
      fashion.train(model, epochs: 1, learningRate: 1e-3, seed: seed)
      row("L2, 1 epoch with labels", model, start)
    }
  }

  private func say(_ name: String, _ accuracy: Double, _ original: Double, _ parameters: Int, _ seconds: Double) {
    let line =
      "\(name): accuracy \(text(accuracy, 4)), loss \(text(original - accuracy, 4)), \(parameters) parameters, "
      + "\(text(seconds, 1)) s\n"
    FileHandle.standardOutput.write(Data(line.utf8))
  }

  private func text(_ number: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", number) }
}
