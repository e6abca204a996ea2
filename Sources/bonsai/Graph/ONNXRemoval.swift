import Checkpoints
import FilePruning
import Graphs
import Recipes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Makes the masks of an ONNX model permanent: in its weights, and in its graph, which computed the products.
struct ONNXRemoval {
  private let folding: ONNXFolding

  /// Folds the graph; nothing is written yet.
  ///
  /// - Throws: `CheckpointError` where a mask that is to go is used for more than its product.
  init(_ file: ONNXFile, exclude: [String], only: [String]) throws {
    let excluded = try exclude.map { try NamePattern($0) }
    let chosen = try only.map { try NamePattern($0) }
    let pairs = Checkpoint(file).prunedPairs.filter { pair in
      !excluded.contains { $0.matches(pair.name) } && (chosen.isEmpty || chosen.contains { $0.matches(pair.name) })
    }
    folding = ONNXFolding(pairs, in: file)
    guard folding.left.isEmpty else {
      throw CheckpointError(
        .unsupported, "remove masks from", file: file.path,
        expected: "masks that the graph multiplies weights with only",
        found: folding.left.map { "\(CheckpointError.quote($0.name)): \($0.reason)" }.joined(separator: "; "),
        advice: "leave them out with --exclude, or remove the masks in Python and export again")
    }
  }

  /// Writes the model, with the products that `pruner` computes into a file beside it first.
  func write(_ pruner: FilePruner, to output: FilePruner.Output) throws -> FileReport {
    // Under a name that nobody has.
    let weights = "\(output.path).\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: weights) }
    let report = try pruner.run(
      showing: .init(path: weights, format: .safetensors, replacing: true, record: output.record), as: .zeros)
    let products = try Checkpoint.open(weights)
    try folding.write(
      to: output.path, products: { name in products[name].map(products.source) }, metadata: products.metadata,
      replacing: output.replacing)
    return report
  }
}
