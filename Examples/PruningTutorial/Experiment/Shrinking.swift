import Compaction
import Console
import Datasets
import ExampleModels
import Foundation
import NN
import Runtime
import Torch

/// Networks from which half of the channels are taken, with what that costs and gains.
struct Shrinking {
  let train: ImageSet
  let test: ImageSet
  var epochs = 3
  var fineTuningEpochs = 1
  var seed: UInt64 = 0
  private let batchSize = 128

  init(train: ImageSet, test: ImageSet) { (self.train, self.test) = (train, test) }

  /// What a network is at one moment.
  struct State {
    var accuracy: Double
    var parameters: Int
    var bytes: Int
    /// The time of a forward pass of one batch, in milliseconds; the fastest of several.
    var milliseconds: Double
  }

  /// A network before, right after, and when it has been trained on.
  struct Outcome {
    var name: String
    var dense: State
    var shrunk: State
    var trained: State
    var report: ModuleCompaction
  }

  /// Trains a network, takes half of its channels, and trains it on with the same optimiser.
  func run(_ name: String, savingTo folder: OutputFolder, _ make: () -> Module) throws -> Outcome {
    manualSeed(seed)
    let model = make()
    let generator = Generator(seed: seed)
    let optimizer = Adam(model.parameters, learningRate: 2e-3)
    let steps = train.batches(of: batchSize).count
    func trainOn(_ epochs: Int) throws {
      var rates = LearningRateSchedule.cosine(steps: epochs * steps).rates(from: 2e-3)
      for _ in 0..<epochs {
        let batches = train.batches(of: batchSize, shuffledBy: generator)
        _ = try trainEpoch(model, optimizer, batches, label: "  " + name) { optimizer.learningRate = rates.next() }
      }
    }
    func state(_ file: String) throws -> State {
      try model.save(to: folder.path(file + ".safetensors"))
      let bytes = try FileManager.default.attributesOfItem(atPath: folder.path(file + ".safetensors"))[.size] as? Int
      return State(
        accuracy: accuracy(of: model, on: test), parameters: model.parameters.reduce(0) { $0 + $1.count },
        bytes: bytes ?? 0, milliseconds: milliseconds(of: model))
    }
    let file = name.lowercased().replacing(" ", with: "-")
    try trainOn(epochs)
    let dense = try state(file)
    let example = test.images[0..<4]
    let report = try model.compact(CompactionRecipe(target: .amount(0.5)), example: example, optimizer: optimizer)
    let shrunk = try state(file + "-half")
    try trainOn(fineTuningEpochs)
    return Outcome(name: name, dense: dense, shrunk: shrunk, trained: try state(file + "-half"), report: report)
  }

  private func milliseconds(of model: Module) -> Double {
    model.eval()
    defer { model.train() }
    let images = test.images[0..<min(batchSize, test.count)]
    let times = (0..<9).map { _ in ContinuousClock().measure { noGrad { _ = model(images) } }.inSeconds }
    return 1000 * (times.min() ?? 0)
  }
}
