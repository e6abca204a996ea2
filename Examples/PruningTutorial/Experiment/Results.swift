import Console
import Foundation

/// What the experiment has measured, with what it takes to repeat it.
struct Results: Codable, Equatable {
  /// One degree of sparsity.
  struct Point: Codable, Equatable {
    /// The share of the five weights' entries that are zero.
    var sparsity: Double
    /// How many entries are not.
    var keptWeights: Int
    /// The accuracy on the test images directly after pruning.
    var pruned: Double
    /// The accuracy after training went on with the masks in place.
    var fineTuned: Double
    /// The accuracy of a network that was pruned to the same sparsity while it was trained, in as many epochs in all.
    var duringTraining: Double
    /// The bytes of the model's safetensors file, zeros included.
    var fileBytes: Int
    /// The bytes of its file with masks of one bit and no zeros.
    var packedFileBytes: Int
  }

  /// How the model was trained.
  struct Settings: Codable, Equatable {
    var epochs: Int
    var fineTuningEpochs: Int
    var batchSize: Int
    var learningRate: Double
    var seed: UInt64
    var device: String
    var trainingImages: Int
    var testImages: Int
    var engine: String
  }

  var settings: Settings
  /// The unpruned model first, then by sparsity.
  var points: [Point]
  /// Training steps a second, over all epochs.
  var stepsPerSecond: Double
  /// How long training and fine-tuning took.
  var trainingSeconds: Double
}

extension Results {
  /// The table of the points.
  var table: TextTable {
    var table = TextTable(
      columns: ["sparsity", "weights kept", "pruned", "fine-tuned", "in training", "file", "packed", ""].map {
        .init($0)
      })
    for point in points {
      let ratio = Double(point.fileBytes) / Double(max(1, point.packedFileBytes))
      table.rows.append([
        point.sparsity.percent, point.keptWeights.grouped, point.pruned.exactPercent, point.fineTuned.exactPercent,
        point.duringTraining.exactPercent, point.fileBytes.bytes, point.packedFileBytes.bytes,
        String(format: "%.1f×", ratio),
      ])
    }
    return table
  }

  /// The points as comma-separated values, with a heading.
  var csv: String {
    let header =
      "sparsity,kept_weights,accuracy_pruned,accuracy_fine_tuned,accuracy_during_training,file_bytes,packed_file_bytes"
    return
      ([header]
      + points.map {
        "\($0.sparsity),\($0.keptWeights),\($0.pruned),\($0.fineTuned),\($0.duringTraining),\($0.fileBytes),\($0.packedFileBytes)"
      }).joined(separator: "\n") + "\n"
  }

  /// Everything as JSON, its keys in alphabetical order.
  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
  }
}
