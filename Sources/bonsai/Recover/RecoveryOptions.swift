import ArgumentParser
import Console
import EngineMessages

/// Steps of recovery, as they are written: `calibrate,least-squares,distill:3`.
struct RecoverySteps: ExpressibleByArgument, Equatable {
  let steps: [RecoverRequest.Step]

  /// What there is.
  static let names = ["calibrate", "bias", "least-squares", "distill"]

  init?(argument: String) {
    var steps: [RecoverRequest.Step] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let halves = part.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      guard let name = halves.first, Self.names.contains(name), halves.count <= 2 else { return nil }
      guard (name == "distill") == (halves.count == 2) else { return nil }
      let epochs = halves.count == 2 ? Int(halves[1]) : nil
      if name == "distill", !(epochs.map { $0 > 0 } ?? false) { return nil }
      steps.append(.init(name: name, epochs: epochs))
    }
    self.steps = steps
  }
}

/// What brings a model back, and on what data.
struct RecoveryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The tensor among the data with the class of each sample, for accuracy alone.", valueName: "name"))
  var labels: String?

  @Option(
    help: ArgumentHelp(
      "Steps of recovery in order: calibrate, bias, least-squares, distill:EPOCHS.", valueName: "steps"))
  var recover: RecoverySteps?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The share of the samples that is held out.", valueName: "share"))
  var heldOut: ShareArgument?

  func validate() throws { _ = try share }

  /// Throws where something is asked for that needs samples, and there are none.
  func check(data: String?) throws {
    guard data != nil || (labels == nil && recover == nil && heldOut == nil) else {
      throw ValidationError("--recover, --labels and --held-out: expected --data with samples beside them, found none")
    }
  }

  private var share: Double {
    get throws { try heldOut?.share("--held-out") ?? 0.125 }
  }

  /// Recovers a model and writes it; the usual steps where none are named.
  func run(
    _ model: String, teacher: String, data: String, to output: String, replacing: Bool, batch: Int?, threads: Int?
  ) throws -> RecoverResult {
    // The engine ends at the signal with what it has, and so does this.
    Interrupt.watch()
    let steps = recover?.steps ?? [.init(name: "calibrate"), .init(name: "least-squares")]
    let request = RecoverRequest(
      model: model, teacher: teacher, steps: steps, labels: labels, heldOut: try share, output: output,
      isReplacing: replacing)
    let inputs = EngineRequest.Inputs(path: data, batch: batch, threads: threads, seed: 0)
    let result = try EngineProgram.ask(.recover(request, inputs), for: RecoverResult.self)
    ModelInputOptions.remark(ignored: result.ignored, isRandom: false)
    return result
  }

  /// The result in words.
  static func lines(_ result: RecoverResult) -> [String] {
    func row(_ name: String, _ distance: RecoverResult.Distance, _ seconds: Double?, _ remark: String) -> [String] {
      [
        name, distance.relativeError.significant(3), distance.agreement.map(\.percent) ?? "",
        distance.accuracy.map(\.percent) ?? "", seconds.map { $0.fixed(1) } ?? "", remark,
      ]
    }
    let table = TextTable(
      columns: [
        .init("step", .left), .init("relative error"), .init("same class"), .init("accuracy"), .init("seconds"),
        .init("", .left),
      ],
      rows: [row("before", result.before, nil, "")]
        + result.steps.map { row($0.name, $0.after, $0.seconds, $0.isKept ? "" : "worse: undone") })
    var lines = table.lines
    var said = Set<String>()
    for step in result.steps {
      if let note = step.note { lines.append("\(step.name): \(note.withoutControls)") }
      for skipped in step.skipped where said.insert(skipped.name + skipped.reason).inserted {
        lines.append("left as it was: \(skipped.name.withoutControls): \(skipped.reason.withoutControls)")
      }
    }
    if let accuracy = result.originalAccuracy { lines.append("the original's accuracy is \(accuracy.percent)") }
    lines.append(
      "held against the original on \(result.heldOut.counted("sample")) that \(result.heldOut == 1 ? "was" : "were") held out "
        + "of \(result.samples + result.heldOut)")
    if result.isStopped { lines.append("stopped: the best so far") }
    return lines
  }
}
