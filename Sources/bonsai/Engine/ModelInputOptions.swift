import ArgumentParser
import Checkpoints
import EngineMessages
import Graphs

/// What a model is run on.
struct ModelInputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Tensors named by the model's inputs, samples along the first dimension; one tensor serves one input. Random ones "
        + "by the model's shapes where none are given.", valueName: "file"))
  var inputs: String?

  @Option(help: ArgumentHelp("Samples at once, for models exported with a dynamic batch.", valueName: "n"))
  var batch: Int?

  @Option(help: ArgumentHelp("Threads within an operator.", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("Where random inputs begin.", valueName: "n"))
  var seed: UInt64 = 0

  func validate() throws {
    if let batch, batch < 1 { throw ValidationError("--batch: expected 1 or more, found \(batch)") }
    if let threads, threads < 1 { throw ValidationError("--threads: expected 1 or more, found \(threads)") }
  }

  var request: EngineRequest.Inputs { request(plan: nil) }

  /// With a plan.
  func request(plan: String?) -> EngineRequest.Inputs {
    EngineRequest.Inputs(path: inputs, batch: batch, threads: threads, seed: seed, plan: plan)
  }

  /// The shapes of the tensors that are given, by the names of the model's inputs; empty where none are.
  func shapes(for graph: Graph) throws -> [String: [Int]] {
    guard let inputs else { return [:] }
    let tensors = try Checkpoint.open(inputs).tensors
    let names = graph.userInputs.map(\.name)
    // One tensor serves one input, whatever it is called.
    if names.count == 1, tensors.count == 1 { return [names[0]: tensors[0].shape] }
    return Dictionary(tensors.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
  }

  /// Remarks on what was done with the inputs.
  static func remark(ignored: [String], isRandom: Bool) {
    if !ignored.isEmpty {
      bonsai.remark("the model has no input \(ignored.prefix(5).joined(separator: ", ")): ignored")
    }
    if isRandom { bonsai.remark("no --inputs: drawn at random") }
  }
}

/// A plan by which a model runs.
struct PlanOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A plan of 'bonsai accelerate' by which the model runs.", valueName: "file"))
  var plan: String?
}
