import ArgumentParser
import Checkpoints
import Compaction
import Console
import EngineMessages
import Recipes

import enum Graphs.ModelFile

/// `bonsai compact`: whole channels, heads and hidden units out of an exported model.
struct CompactCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compact",
    abstract: "Takes channels, heads and hidden units out of a model (.pt2, .onnx): smaller, faster, and exact.",
    discussion: """
      A unit goes whole, through every layer that it touches: residual sums, concatenations, splits, groups, norms, attention, \
      recurrent layers. The smaller model is run beside the model with zeros in the same places, in float64 and float32, and is \
      not written where they differ by more than 1e-9 and 1e-4 of the largest output. Without bonsai-engine it is written and \
      said not to be proven. What stays whole is named, with the reason. With --zeros the model as it is takes the place of \
      the one with zeros, and 1e-6 that of 1e-9 where biases are made, which are rounded to float32.

      --amount says what is removed of each group of channels, --macs, --parameters and --bytes what remains of the model. With \
      --data, and with --speedup and --max-change, channels are chosen by how little the outputs change: each group is cut \
      alone, measured, and the best plan is searched for until the goal is met within 5 %.

      EXAMPLES
        bonsai compact resnet18.pt2 -o small.pt2 --macs 0.5 --round-to 8
        bonsai compact model.onnx -o small.onnx --amount 0.5
        bonsai compact vit.pt2 -o small.pt2 --parameters 0.6 --distribution global --at-least 0.25
        bonsai compact model.pt2 --amount 0.3 --keep 'head|stem' --dry-run
        bonsai compact resnet18.pt2 -o small.pt2 --speedup 2 --data images.safetensors --round-to 8 --report report.html
        bonsai compact resnet18.pt2 -o small.pt2 --max-change 0.01 --data images.safetensors
        bonsai compact big.pt2 -o small.pt2 --amount 0.5 --criterion group-obs --data images.safetensors --recover least-squares
        bonsai prune model.pt2 -o zeros.pt2 --pattern structured --amount 0.3; bonsai compact zeros.pt2 -o small.pt2 --zeros
      """)

  @Argument(help: ArgumentHelp("A model of torch.export or ONNX.", valueName: "model"))
  var model: String

  @OptionGroup(title: "Output") var output: CompactOutputOptions
  @OptionGroup(title: "What goes, and how much") var how: CompactRecipeOptions
  @OptionGroup(title: "What is wanted, found out with inputs") var goal: CompactGoalOptions
  @OptionGroup(title: "Recovery, with the same inputs") var recovery: RecoveryOptions
  @OptionGroup(title: "The proof") var inputs: ModelInputOptions

  @Option(help: ArgumentHelp("Runs of each model to measure.", valueName: "n"))
  var runs = 5

  @OptionGroup var printing: PrintOptions

  func validate() throws {
    if runs < 1 { throw ValidationError("--runs: expected 1 or more, found \(runs)") }
    try how.checkAmounts(isGoalGiven: goal.isGiven)
    try recovery.check(data: goal.data)
    if how.criterion.needsData, goal.data == nil {
      throw ValidationError("--criterion \(how.criterion.rawValue): expected --data with samples beside it, found none")
    }
    let isUsed = recovery.recover != nil || how.criterion.needsData
    if goal.data != nil, !goal.isGiven, how.macs == nil, how.parameters == nil, how.bytes == nil, !isUsed {
      throw ValidationError(
        "--data: expected a goal beside it, --speedup, --max-change, --macs, --parameters or --bytes, or --recover, found none"
      )
    }
    if goal.data != nil, how.distribution != nil, goal.isGiven || !isUsed {
      throw ValidationError("--distribution: expected none beside --data, which finds out how much of each group goes")
    }
  }

  func run() throws {
    // What contradicts itself is refused before any file is opened.
    var recipe = how.zeros ? nil : try how.made(seed: inputs.seed, hasGoal: goal.isGiven)
    try output.checkIsFree()
    let file = try ModelFile(Checkpoint.open(model), for: "compact")
    try output.check(fits: file)
    if recovery.recover != nil, case .onnx = file {
      throw ValidationError("--recover: expected a model of torch.export (.pt2), found an ONNX model")
    }
    let clock = ContinuousClock()
    let start = clock.now
    var options = how.options
    options.inputShapes = try inputs.shapes(for: file.graph)
    let compactor = try Compactor(file, options: options)
    let analysed = clock.now
    if how.criterion.needsData, let data = goal.data {
      recipe?.criterion = try scores(data)
      try Interrupt.check()
    }
    var budget: ChannelBudget?
    let (choice, kept): (Compactor.Choice, [Compactor.KeptDead])
    if let recipe, let data = goal.data, how.distribution == nil,
      let wanted = try goal.goal(recipe.target, compactor)
    {
      let found = try CompactBudget.search(
        wanted, compactor, recipe, model: model, data: data, inputs.request)
      (budget, choice, kept) = (found.budget, found.choice, [])
      try Interrupt.check()
    } else if let recipe {
      (choice, kept) = (try compactor.choose(recipe), [])
    } else {
      (choice, kept) = try compactor.zeros()
    }
    var report = CompactReport(compactor, choice, keptDead: kept, seconds: start.duration(to: analysed).seconds)
    report.budget = budget
    if let path = output.target {
      let writing = CompactWriting(compactor, choice, to: path)
      report.proof = try writing.run(original: model, isAsItWas: how.zeros, inputs.request, runs: runs) {
        small, better in
        guard recovery.recover != nil, let data = goal.data else { return false }
        report.recovery = try recovery.run(
          small, teacher: model, data: data, to: better, replacing: true, batch: inputs.batch, threads: inputs.threads)
        return true
      }
      report.output = path
      if let proof = report.proof {
        ModelInputOptions.remark(ignored: proof.ignored, isRandom: proof.isRandom)
      } else {
        remark("not proven: there is no bonsai-engine here to run it; \(EngineProgram.advice)")
      }
    }
    if let reference = output.reference { try compactor.masked(choice).write(to: reference) }
    if let plot = output.plot { try TextFile.write(CompactPlot(report).svg, to: plot) }
    if let path = output.report {
      try TextFile.write(report.page(of: model, compactor.leftWhole).html, to: path)
    }
    print(try printing.json ? report.json() : report.lines.joined(separator: "\n"))
  }

  /// Channels scored on data by the engine.
  private func scores(_ data: String) throws -> GivenUnitScores {
    let request = ScoreRequest(
      model: model, criterion: how.criterion.rawValue, heads: how.options.heads.rawValue,
      padsNorms: how.options.padsNorms, labels: recovery.labels)
    let given = EngineRequest.Inputs(path: data, batch: nil, threads: inputs.threads, seed: inputs.seed)
    let result = try EngineProgram.ask(.score(request, given), for: ScoreResult.self)
    if !result.unseen.isEmpty {
      remark(
        "ranked by magnitude, since no layer that can be looked at takes their channels in: "
          + result.unseen.prefix(5).joined(separator: ", ")
          + (result.unseen.count > 5 ? " and \(result.unseen.count - 5) more" : ""))
    }
    return GivenUnitScores(how.criterion.rawValue, result.scores)
  }

  /// The exported model in a file.
  static func exported(_ path: String, for operation: String = "compact") throws(CheckpointError) -> PT2File {
    let checkpoint = try Checkpoint.open(path)
    guard let file = checkpoint.exportedModel else {
      throw CheckpointError(
        .unsupported, operation, file: path, expected: "a model of torch.export",
        found: "\(checkpoint.format), weights alone",
        advice: "export the model in Python; bonsai help run shows how")
    }
    return file
  }
}

extension Duration {
  fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
