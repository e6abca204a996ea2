import Foundation

@testable import PruningTutorial

/// Results with given sparsities and accuracies; the file sizes follow from them.
func results(_ points: [(sparsity: Double, pruned: Double, fineTuned: Double)]) -> Results {
  Results(
    settings: Results.Settings(
      epochs: 3, fineTuningEpochs: 1, batchSize: 64, learningRate: 1e-3, seed: 0, device: "cpu",
      trainingImages: 60_000, testImages: 10_000, engine: "2.13.0"),
    points: points.map { point in
      let kept = Int((61_470 * (1 - point.sparsity)).rounded())
      return Results.Point(
        sparsity: point.sparsity, keptWeights: kept, pruned: point.pruned, fineTuned: point.fineTuned,
        duringTraining: min(1, point.fineTuned + 0.01), fileBytes: 247_592, packedFileBytes: 10_000 + 4 * kept)
    },
    stepsPerSecond: 500, trainingSeconds: 13)
}

let typical = results([(0, 0.88, 0.88), (0.5, 0.87, 0.89), (0.9, 0.6, 0.88)])

/// A folder of its own that is gone when the test is over.
final class TemporaryFolder {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("tutorial-\(UUID().uuidString)").path
  deinit { try? FileManager.default.removeItem(atPath: path) }
}
