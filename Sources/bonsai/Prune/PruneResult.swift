import Checkpoints
import Console
import EngineMessages
import FilePruning
import Recipes

/// What `prune` and `remove` print as JSON.
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
  /// What came of recovery; nil where none was asked for.
  var recovery: RecoverResult?

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
}

extension FileReport {
  /// Hands out the report, a table with lines below it or JSON, line by line.
  ///
  /// - Parameters:
  ///   - output: Where the result was written; nil for a dry run.
  ///   - form: How pruned weights are written.
  ///   - json: Whether it is for programs.
  ///   - recovery: What came of recovery; nil for none.
  ///   - body: Called with each line.
  func write(
    output: String?, form: PrunedForm, json: Bool, recovery: RecoverResult? = nil, _ body: (String) -> Void
  ) throws {
    if json {
      var result = PruneResult(self, output: output, form: form)
      result.recovery = recovery
      return body(try result.json())
    }
    let columns: [TextTable.Column] = [
      .init("tensor", .left), .init("type", .left), .init("shape", .left), .init("entries"), .init("pruned"),
      .init("sparsity"),
    ]
    let tensors = weights.tensors
    TextTable.write(
      columns, count: tensors.count + 1,
      row: { index in
        guard index < tensors.count else {
          return ["all", "", "", weights.entries.grouped, weights.pruned.grouped, weights.sparsity.exactPercent]
        }
        let tensor = tensors[index]
        return [
          tensor.name, types[index], tensor.shape.map(String.init).joined(separator: " x "), tensor.entries.grouped,
          tensor.pruned.grouped, tensor.sparsity.exactPercent,
        ]
      }, body)
    body("")
    body(
      "\(weights.pruned.grouped) of \(weights.entries.grouped) weights pruned, \(weights.sparsity.exactPercent); "
        + "\(parameters.grouped) parameters in all")
    if weights.newlyPruned == 0, weights.pruned > 0 { body("nothing more was pruned: all of these were 0 before") }
    let alone = leftAlone.map { "\($0.tensors.grouped) \($0.role.rawValue)" }.joined(separator: ", ")
    if !alone.isEmpty { body("left alone, by role: \(alone)") }
    let written = output.map { "\(outputBytes.bytes) written to \($0)" } ?? "nothing written"
    let speed = seconds > 0 ? Double(inputBytes) / seconds : 0
    body("\(written) in \(seconds.fixed(2)) s, \(speed.bytes)/s")
    if let recovery {
      body("")
      RecoveryOptions.lines(recovery).forEach(body)
    }
  }
}
