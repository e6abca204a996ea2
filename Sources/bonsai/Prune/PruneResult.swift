import Checkpoints
import Console
import FilePruning
import Recipes

/// What `prune` and `remove` print.
struct PruneResult: Encodable {
  /// One weight.
  struct Tensor: Encodable {
    let name: String
    let type: String
    let shape: [Int]
    let entries: Int
    let prunedBefore: Int
    let pruned: Int
    let alreadyZero: Int
    let sparsity: Double
  }

  let schema = 1
  /// Nil for a dry run.
  let output: String?
  let form: String
  let tensors: [Tensor]
  /// Weights that the pattern does not fit.
  let leftWhole: [PruningReport.LeftWhole]
  /// Weights of which nothing is left.
  let emptied: [String]
  /// How many tensors of each role were not pruned.
  let leftAlone: [FileReport.LeftAlone]
  let entries: Int
  let pruned: Int
  /// The pruned entries that were not 0 before.
  let newlyPruned: Int
  let sparsity: Double
  let parameters: Int
  let inputBytes: Int
  let outputBytes: Int
  let seconds: Double
  /// Of the input, read once.
  let gigabytesPerSecond: Double
  let sha256: [String: String]

  init(_ report: FileReport, output: String?, form: PrunedForm) {
    self.output = output
    self.form = form.rawValue
    let weights = report.weights
    tensors = zip(weights.tensors, report.types).map {
      Tensor(
        name: $0.name, type: $1, shape: $0.shape, entries: $0.entries, prunedBefore: $0.prunedBefore,
        pruned: $0.pruned, alreadyZero: $0.alreadyZero, sparsity: $0.sparsity)
    }
    (leftWhole, emptied, leftAlone) = (weights.leftWhole, weights.emptied, report.leftAlone)
    (entries, pruned, newlyPruned) = (weights.entries, weights.pruned, weights.newlyPruned)
    (sparsity, parameters) = (weights.sparsity, report.parameters)
    (inputBytes, outputBytes, seconds) = (report.inputBytes, report.outputBytes, report.seconds)
    gigabytesPerSecond = seconds > 0 ? Double(inputBytes) / seconds / 1e9 : 0
    sha256 = report.digests
  }

  /// A table with a line below it, or JSON.
  func text(json: Bool) throws -> String {
    if json { return try self.json() }
    var table = TextTable(columns: [
      .init("tensor", .left), .init("type", .left), .init("shape", .left), .init("entries"), .init("pruned"),
      .init("sparsity"),
    ])
    for tensor in tensors {
      table.rows.append([
        tensor.name, tensor.type, tensor.shape.map(String.init).joined(separator: " x "), tensor.entries.grouped,
        tensor.pruned.grouped, tensor.sparsity.exactPercent,
      ])
    }
    table.rows.append(["all", "", "", entries.grouped, pruned.grouped, sparsity.exactPercent])
    let what =
      "\(pruned.grouped) of \(entries.grouped) weights pruned, \(sparsity.exactPercent); "
      + "\(parameters.grouped) parameters in all"
    let news = newlyPruned == 0 && pruned > 0 ? ["nothing more was pruned: all of these were 0 before"] : []
    let alone = leftAlone.map { "\($0.tensors.grouped) \($0.role.rawValue)" }.joined(separator: ", ")
    let others = alone.isEmpty ? [] : ["left alone, by role: \(alone)"]
    let speed = "\(seconds.fixed(2)) s, \((gigabytesPerSecond * 1e9).bytes)/s"
    let written = output.map { "\(outputBytes.bytes) written to \($0)" } ?? "nothing written"
    return (table.lines + ["", what] + news + others + ["\(written) in \(speed)"]).joined(separator: "\n")
  }
}
