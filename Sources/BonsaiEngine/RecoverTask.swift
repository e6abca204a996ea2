import Checkpoints
import Compaction
import Console
import EngineMessages
import Graphs
import NN
import Runtime
import Torch

/// Recovers a model and writes it.
enum RecoverTask {
  static func run(_ request: RecoverRequest, _ given: EngineRequest.Inputs) throws -> RecoverResult {
    let teacher = try Tasks.model(request.teacher, given)
    let program = try ExportedProgram(contentsOf: request.model)
    let small = try GraphModule(program).eval()
    guard let path = given.path else {
      throw RecoveryError.data(
        expected: "samples", found: "none", advice: "give some hundred of what the model is for with --data")
    }
    let inputs = try ModelInputs(contentsOf: path, for: teacher, labels: request.labels)
    var recovery = Recovery(try request.steps.map(step))
    recovery.heldOut = request.heldOut
    if let batch = given.batch { recovery.batch = batch }
    let display = StepDisplay()
    recovery.progress = display.show
    StopSignal.watch()
    recovery.shouldStop = { StopSignal.hasCome }
    let report = try recovery.run(small, teacher: teacher, inputs: inputs.tensors, labels: inputs.labels)
    display.clear()
    try program.write(small, to: request.output, replacing: request.isReplacing)
    return RecoverResult(report, ignored: inputs.ignored)
  }

  private static func step(_ step: RecoverRequest.Step) throws -> RecoveryStep {
    switch step.name {
    case "calibrate": .calibrate
    case "bias": .bias
    case "least-squares": .leastSquares
    case "distill": .distill(DistillationTraining(epochs: step.epochs ?? 1))
    default: throw RecoveryError.models("there is no step '\(step.name)'")
    }
  }
}

/// Scores channels on data.
enum ScoreTask {
  static func run(_ request: ScoreRequest, _ given: EngineRequest.Inputs) throws -> ScoreResult {
    let model = try Tasks.model(request.model, given)
    guard let path = given.path, let kind = DataCriterion.Kind(rawValue: request.criterion),
      let heads = HeadPolicy(rawValue: request.heads)
    else { throw RecoveryError.models("there is no criterion '\(request.criterion)' on data") }
    let inputs = try ModelInputs(contentsOf: path, for: model, labels: request.labels)
    let criterion = try DataCriterion(kind, model: model, inputs: inputs.tensors)
    let compactor = try Compactor(
      ModelFile(contentsOf: request.model), options: CompactionOptions(heads: heads, padsNorms: request.padsNorms)
    )
    let display = StepDisplay()
    var done = 0
    StopSignal.watch()
    criterion.progress = { _ in
      display.show(RecoveryProgress(step: "ranking", done: done, total: compactor.groups.count))
      done += 1
      if StopSignal.hasCome { throw RecoveryError.models("it was stopped before there were scores") }
    }
    let scores = try compactor.scores(criterion)
    display.clear()
    return ScoreResult(scores: scores, unseen: criterion.unseen)
  }
}

/// The progress of steps on the terminal, a line for each.
final class StepDisplay {
  private var step = ""
  private var display: ProgressDisplay?

  func show(_ progress: RecoveryProgress) {
    if progress.step != step {
      clear()
      step = progress.step
      display = ProgressDisplay(ProgressBar(label: step, total: progress.total, unit: .things("parts")))
    }
    display?.show(progress.done, of: progress.total)
  }

  func clear() {
    display?.clear()
    display = nil
    step = ""
  }
}

extension RecoverResult {
  init(_ report: RecoveryReport, ignored: [String]) {
    self.init(
      before: .init(report.before),
      steps: report.steps.map { step in
        .init(
          name: step.name, after: .init(step.after), isKept: step.isKept, seconds: step.seconds,
          layers: step.layers.count { $0.after < $0.before },
          skipped: step.skipped.map { .init(name: $0.name, reason: $0.reason) }, note: step.note)
      }, after: .init(report.after), originalAccuracy: report.originalAccuracy, samples: report.samples,
      heldOut: report.heldOut, isStopped: report.isStopped, ignored: ignored)
  }
}

extension RecoverResult.Distance {
  fileprivate init(_ distance: OutputDistance) {
    self.init(
      relativeError: distance.relativeError, agreement: distance.agreement, accuracy: distance.accuracy)
  }
}
