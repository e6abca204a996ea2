import ArgumentParser
import Checkpoints
import Console
import EngineMessages

/// `bonsai compare`: whether two models compute the same, and which is faster.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Runs two exported models on the same inputs: differences, speed, sizes.",
    discussion: """
      Runs alternate between the two, and the speed ratio is the median over pairs of neighbours. Where an output is a \
      table of scores, a row for each sample, it also says how often both choose the same class.

      EXAMPLES
        bonsai compare model.pt2 pruned.pt2 --inputs images.safetensors
        bonsai compare pruned.pt2 pruned.pt2 --plan plan.json    # the second by its plan
      """)

  @Argument(help: ArgumentHelp("A model of torch.export.", valueName: "model"))
  var first: String

  @Argument(help: ArgumentHelp("Another.", valueName: "other"))
  var second: String

  @OptionGroup var inputs: ModelInputOptions

  @OptionGroup var planning: PlanOptions

  @Option(help: ArgumentHelp("Runs of each to measure.", valueName: "n"))
  var runs = 10

  @OptionGroup var printing: PrintOptions

  func validate() throws {
    if runs < 1 { throw ValidationError("--runs: expected 1 or more, found \(runs)") }
  }

  /// What `--json` prints.
  struct Report: Encodable {
    var schema = 1
    var result: CompareResult
  }

  func run() throws {
    let result = try EngineProgram.ask(
      .compare(first, second, inputs.request(plan: planning.plan), runs: runs), for: CompareResult.self)
    ModelInputOptions.remark(ignored: result.ignored, isRandom: result.isRandom)
    if printing.json { return print(try Report(result: result).json()) }
    print(Self.lines(result).joined(separator: "\n"))
  }

  static func lines(_ result: CompareResult) -> [String] {
    let models = TextTable(
      columns: [.init("model", .left), .init("parameters"), .init("MACs"), .init("file"), .init("ms")],
      rows: result.models.map {
        [$0.path.withoutControls, $0.parameters.grouped, $0.macs.grouped, $0.bytes.bytes, $0.milliseconds.fixed(3)]
      })
    let outputs = TextTable(
      columns: [
        .init("output", .left), .init("shape", .left), .init("largest difference"), .init("mean"), .init("of at most"),
        .init("same class"),
      ],
      rows: result.outputs.map {
        [
          $0.name.withoutControls, "\($0.shape)", $0.largest.significant(3), $0.mean.significant(3),
          $0.scale.significant(3), $0.agreement.map(\.percent) ?? "",
        ]
      })
    return models.lines + [""] + outputs.lines + [
      "", "the second takes 1/\(result.speedup.significant(3)) of the first's time, batch \(result.batch)",
    ]
  }
}
