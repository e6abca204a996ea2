import ArgumentParser
import Checkpoints
import Console
import EngineMessages

/// `bonsai accelerate`: how a pruned model runs fastest here.
struct AccelerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accelerate",
    abstract: "Measures which kernels run each layer of a pruned model (.pt2) fastest, and writes the plan.",
    discussion: """
      LibTorch in both memory formats and sparse kernels are measured layer by layer, then the model as a whole, with the \
      batch and the threads given; what is faster dense stays dense. The model itself is not changed: 'bonsai run', \
      'profile' and 'compare' take the plan with --plan. On another machine, or with other threads, they measure anew.

      Blocks of four outputs that share an input (--pattern 4x1) gain most.

      EXAMPLES
        bonsai prune model.pt2 -o pruned.pt2 --pattern 4x1 --sparsity 0.8
        bonsai accelerate pruned.pt2 -o plan.json --threads 1
        bonsai compare pruned.pt2 pruned.pt2 --plan plan.json --threads 1
      """)

  @Argument(help: ArgumentHelp("A model of torch.export.", valueName: "model"))
  var model: String

  @OptionGroup var inputs: ModelInputOptions

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The plan to write: JSON.", valueName: "path"))
  var output: String

  @Flag(help: "Replace what is there.")
  var force = false

  @OptionGroup var printing: PrintOptions

  func validate() throws {
    guard output.hasSuffix(".json") else {
      throw ValidationError("--output: expected a path ending in .json, found '\(output)'")
    }
  }

  /// What `--json` prints.
  struct Report: Encodable {
    var schema = 1
    var output: String
    var result: AccelerateResult
  }

  func run() throws {
    try TextFile.checkIsFree(output, replacing: force)
    let result = try EngineProgram.ask(
      .accelerate(model: model, inputs.request, output: output, replacing: force), for: AccelerateResult.self)
    ModelInputOptions.remark(ignored: result.ignored, isRandom: result.isRandom)
    if printing.json { return print(try Report(output: output, result: result).json()) }
    print(Self.lines(result).joined(separator: "\n"))
  }

  static func lines(_ result: AccelerateResult) -> [String] {
    let table = TextTable(
      columns: [
        .init("module", .left), .init("layer", .left), .init("zeros"), .init("in 4x1"), .init("kernel", .left),
        .init("dense, us"), .init("us"), .init("times as fast"),
      ],
      rows: result.rows.map { row in
        [
          row.module.isEmpty ? "(model)" : row.module.withoutControls, row.operation, row.sparsity.percent,
          row.blockSparsity.percent, row.kernel, row.denseMicroseconds.fixed(1), row.microseconds.fixed(1),
          (row.denseMicroseconds / row.microseconds).fixed(2),
        ]
      })
    let reasons = result.rows.compactMap { row in row.reason.map { "\(row.module.withoutControls): \($0)" } }
    let (original, dense, planned) = result.milliseconds
    return table.lines + (reasons.isEmpty ? [] : [""] + reasons) + [
      "",
      "\(planned.fixed(3)) ms a run by the plan, \(dense.fixed(3)) by LibTorch alone in the faster memory format "
        + "(\((dense / planned).fixed(2)) times as fast), \(original.fixed(3)) as exported",
      "batch \(result.batch), \(result.threads.counted("thread")), \(result.instructions) on \(result.processor); outputs "
        + "differ by \(result.largestDifference.significant(2)) of their largest",
    ]
  }
}
