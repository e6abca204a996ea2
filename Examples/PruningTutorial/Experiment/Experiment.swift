import Console
import Datasets
import Foundation
import NN
import Pruning
import Torch

/// Trains LeNet, prunes copies of it to several sparsities and trains each on, with everything measured; beside each a
/// LeNet that is pruned while it is trained, in as many epochs in all.
///
/// The same settings give the same batches and initial weights as in PyTorch.
struct Experiment {
  let train: ImageSet
  let test: ImageSet
  /// Where all tensors are.
  let device: Device
  var epochs = 3
  var fineTuningEpochs = 1
  var amounts = [0.5, 0.8, 0.9, 0.95]
  var seed: UInt64 = 0
  var batchSize = 64
  var learningRate = 1e-3

  /// Runs it all. The models are written into `folder`, and `report` gets a line for each step of the way.
  func run(savingTo folder: OutputFolder, report: (String) -> Void) throws -> Results {
    var clock = TrainingClock()
    manualSeed(seed)
    let model = try LeNet().to(device)
    let generator = Generator(seed: seed)

    let optimizer = Adam(model.parameters, learningRate: learningRate)
    for epoch in 1...epochs {
      let label = "Epoch \(epoch)/\(epochs)"
      let seconds = try trainEpoch(
        model, optimizer, train.batches(of: batchSize, shuffledBy: generator), label: "  " + label)
      clock.add(seconds, steps: train.batches(of: batchSize).count)
      report(Self.line(label, seconds, "accuracy \(accuracy(of: model, on: test).exactPercent)"))
    }
    let trained = accuracy(of: model, on: test)
    let file = try ModelFile(saving: model, to: folder, name: "lenet-dense")
    var points = [
      Results.Point(
        sparsity: 0, keptWeights: model.weights.map { $0.0[$0.1].count }.reduce(0, +), pruned: trained,
        fineTuned: trained, duringTraining: trained, fileBytes: file.denseBytes, packedFileBytes: file.packedBytes)
    ]

    for amount in amounts {
      let copy = try model.copy(into: try LeNet().to(device))
      try Prune.globalUnstructured(copy.weights, method: L1Unstructured.self, amount: .fraction(amount))
      let pruned = accuracy(of: copy, on: test)

      let optimizer = Adam(copy.parameters, learningRate: learningRate)
      var seconds = 0.0
      for _ in 0..<fineTuningEpochs {
        let batches = train.batches(of: batchSize, shuffledBy: generator)
        let epoch = try trainEpoch(copy, optimizer, batches, label: "  Fine-tuning at \(amount.percent)")
        clock.add(epoch, steps: batches.count)
        seconds += epoch
      }
      let fineTuned = accuracy(of: copy, on: test)
      report(
        Self.line(
          "Pruned \(amount.percent)", seconds, "accuracy \(pruned.exactPercent), fine-tuned \(fineTuned.exactPercent)"))
      let gradual = try PrunedInTraining(
        train: train, epochs: epochs + fineTuningEpochs, batchSize: batchSize, seed: seed, device: device)
      let time = try gradual.run(to: amount)
      clock.add(time, steps: gradual.steps)
      let duringTraining = accuracy(of: gradual.model, on: test)
      report(Self.line("In training", time, "accuracy \(duringTraining.exactPercent), pruned on the way"))
      points.append(
        try measured(
          copy, pruned: pruned, fineTuned: fineTuned, duringTraining: duringTraining, savingTo: folder, amount: amount))
    }
    return Results(
      settings: settings, points: points, stepsPerSecond: clock.stepsPerSecond, trainingSeconds: clock.seconds)
  }

  /// Makes the pruning permanent, counts what is left and writes the files.
  private func measured(
    _ model: LeNet, pruned: Double, fineTuned: Double, duringTraining: Double, savingTo folder: OutputFolder,
    amount: Double
  ) throws -> Results.Point {
    for (module, name) in model.weights { try Prune.remove(module, name: name) }
    let weights = model.weights.map { $0.0[$0.1] }
    let kept = weights.map { $0.countNonzero() }.reduce(0, +)
    let name = "lenet-" + amount.percent.replacingOccurrences(of: " %", with: "")
    let file = try ModelFile(saving: model, to: folder, name: name)
    return Results.Point(
      sparsity: 1 - Double(kept) / Double(weights.map(\.count).reduce(0, +)), keptWeights: kept, pruned: pruned,
      fineTuned: fineTuned, duringTraining: duringTraining, fileBytes: file.denseBytes,
      packedFileBytes: file.packedBytes)
  }

  private var settings: Results.Settings {
    Results.Settings(
      epochs: epochs, fineTuningEpochs: fineTuningEpochs, batchSize: batchSize, learningRate: learningRate, seed: seed,
      device: "\(device)", trainingImages: train.count, testImages: test.count, engine: libTorchVersion)
  }

  private static func line(_ label: String, _ seconds: Double, _ outcome: String) -> String {
    label.padded(to: 14) + String(format: "%6.1f s   ", seconds) + outcome
  }
}

/// Adds up training steps and the time they take.
private struct TrainingClock {
  var seconds = 0.0
  var steps = 0

  mutating func add(_ seconds: Double, steps: Int) {
    self.seconds += seconds
    self.steps += steps
  }

  var stepsPerSecond: Double { seconds > 0 ? Double(steps) / seconds : 0 }
}
