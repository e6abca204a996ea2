import Checkpoints
import FilePruning
import Graphs
import Recipes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Makes the masks of an exported model permanent: in its weights, and in its graph, which computed the products.
struct ExportedRemoval {
  private let program: ExportedProgram
  private let folded: [Graph.PrunedPair]

  /// Folds the graph; nothing is written yet.
  ///
  /// - Throws: `CheckpointError` where a mask that is to go is used for more than its product.
  init(_ file: PT2File, exclude: [String], only: [String]) throws {
    let excluded = try exclude.map { try NamePattern($0) }
    let chosen = try only.map { try NamePattern($0) }
    func isWanted(_ name: String) -> Bool {
      !excluded.contains { $0.matches(name) } && (chosen.isEmpty || chosen.contains { $0.matches(name) })
    }
    var program = try ExportedProgram(file)
    let pairs = program.graph.prunedPairs.filter { isWanted($0.name) }
    let folded = program.graph.foldPrunedPairs { isWanted($0.name) }
    guard folded.count == pairs.count else {
      let names = pairs.filter { !folded.contains($0) }.map(\.name)
      throw CheckpointError(
        .unsupported, "remove masks from", file: file.path,
        expected: "masks that the graph multiplies weights with only",
        found: "other uses of those of \(names.joined(separator: ", "))",
        advice: "leave them out with --exclude, or remove the masks in Python and export again")
    }
    self.program = program
    self.folded = folded
  }

  /// Writes the model, with the products that `pruner` computes into a file beside it first.
  func write(_ pruner: FilePruner, to output: FilePruner.Output) throws -> FileReport {
    // Under a name that nobody has.
    let weights = "\(output.path).\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: weights) }
    let report = try pruner.run(
      showing: .init(path: weights, format: .safetensors, replacing: true, record: output.record), as: .zeros)
    let products = try Checkpoint.open(weights)
    let origins = Dictionary(folded.map { ($0.name, $0.original) }) { first, _ in first }
    let writer = try program.writer(
      to: output.path, tensors: products.tensors.map(\.spec), origins: origins, metadata: products.metadata,
      replacing: output.replacing)
    try writer.writeAll(products.sources())
    return report
  }
}
