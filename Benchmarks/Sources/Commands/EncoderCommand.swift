import ArgumentParser
import Console
import Foundation
import NN
import Pruning
import Recipes
import Runtime
import Torch

/// Pruning without training on a transformer.
struct EncoderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encoder",
    abstract: "Wanda and SparseGPT against magnitude on an exported sentence encoder, without labels.",
    discussion: """
      `make encoder` exports the model and its texts first. Each way prunes the linear layers of the encoder by the same \
      amount in each; embeddings of other texts are compared with the dense model's by the cosine of their angle.
      """)

  /// A way to prune.
  enum Way: String, CaseIterable, ExpressibleByArgument {
    case magnitude
    case wanda
    case sparseGPT = "sparsegpt"

    fileprivate func recipe(_ half: Bool) -> Recipe {
      // All linear layers of the encoder, and nothing else: of matrices there are embeddings besides.
      var recipe =
        switch self {
        case .magnitude: Recipe(.magnitude)
        case .wanda: Recipe(.wanda)
        case .sparseGPT: Recipe(.sparseGPT)
        }
      if half {
        recipe.target = .sparsity(0.5)
        recipe.distribution = self == .wanda ? .perRow : .uniform
      } else {
        recipe.pattern = .nOfM(2, 4)
        recipe.distribution = .uniform
      }
      return recipe
    }
  }

  @Argument(help: ArgumentHelp("encoder.pt2, calibration.safetensors and comparison.safetensors.", valueName: "folder"))
  var folder = "out/models"

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Which ways.", valueName: "name"))
  var ways: [Way] = Way.allCases

  @Option(help: ArgumentHelp("Pieces of text to calibrate on.", valueName: "n"))
  var pieces = 128

  @Option(help: ArgumentHelp("Which layers.", valueName: "regex"))
  var only = #"encoder.*(query|key|value|dense)\.weight$"#

  func run() throws {
    keepFreedMemory()
    let calibration = try StateDict(contentsOf: folder + "/calibration.safetensors")
    let comparison = try StateDict(contentsOf: folder + "/comparison.safetensors")
    guard let wanted = comparison["embeddings"] else {
      throw ValidationError("\(folder)/comparison.safetensors: expected embeddings, found none; run make encoder")
    }
    let dense = try noGrad { try embeddings(GraphModule(contentsOf: folder + "/encoder.pt2"), comparison) }
    print(
      String(
        format: "dense, beside Python: cosine %.6f, the least %.6f", cosines(dense, wanted).mean().item(),
        cosines(dense, wanted).min().item()))
    for half in [true, false] {
      for way in ways {
        let model = try GraphModule(contentsOf: folder + "/encoder.pt2")
        var recipe = way.recipe(half)
        recipe.selector.only = [try NamePattern(only)]
        var report = PruningReport([])
        let time = try seconds {
          report = try Prune.layerByLayer(recipe, to: model) {
            for batch in batches(calibration, pieces) { _ = try model.run(batch) }
          }
        }
        let angles = cosines(try noGrad { try embeddings(model, comparison) }, dense)
        print(
          String(
            format: "%@ %@: %d layers, %.2f %% pruned; cosine %.4f, a tenth below %.4f; %.1f s",
            half ? "50 %" : "2:4 ", way.rawValue.padded(to: 10), report.tensors.count, report.sparsity * 100,
            angles.mean().item(), angles.sort().values[angles.count / 10].item(), time))
        for left in report.leftWhole { print("  left whole: \(left.name): \(left.reason)") }
        fflush(nil)
      }
    }
  }

  private func batches(_ texts: StateDict, _ count: Int) -> [[Tensor]] {
    guard let ids = texts["input_ids"], let mask = texts["attention_mask"] else { return [] }
    let count = min(count, ids.shape[0])
    return stride(from: 0, to: count, by: 32).map { start in
      [ids, mask].map { $0.narrow(0, start: start, length: min(32, count - start)) }
    }
  }

  private func embeddings(_ model: GraphModule, _ texts: StateDict) throws -> Tensor {
    model.eval()
    return Tensor.cat(try batches(texts, .max).map { try model.run($0)[0] })
  }

  private func cosines(_ a: Tensor, _ b: Tensor) -> Tensor { cosineSimilarity(a.to(.float64), b.to(.float64)) }
}
