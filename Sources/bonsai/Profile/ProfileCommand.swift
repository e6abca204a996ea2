import ArgumentParser
import Checkpoints
import Console
import EngineMessages

/// `bonsai profile`: where a model's time goes.
struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Measures an exported model, module by module.",
    discussion: """
      Each step is measured alone, and the median of all runs taken; the last line is whole runs without that. A MAC is a \
      multiplication with its addition, counted by shape; GFLOP/s counts both.

      EXAMPLES
        bonsai profile model.pt2 --batch 8 --threads 1
        bonsai profile model.pt2 --inputs images.safetensors --json
      """)

  @Argument(help: ArgumentHelp("A model of torch.export.", valueName: "model"))
  var model: String

  @OptionGroup var inputs: ModelInputOptions

  @OptionGroup var planning: PlanOptions

  @Option(help: ArgumentHelp("Runs to measure.", valueName: "n"))
  var runs = 10

  @Option(help: ArgumentHelp("Also draw a bar for each module: an SVG file to write.", valueName: "file"))
  var plot: String?

  @Flag(help: "Replace the picture that is there.")
  var force = false

  @OptionGroup var printing: PrintOptions

  func validate() throws {
    if runs < 1 { throw ValidationError("--runs: expected 1 or more, found \(runs)") }
  }

  /// What `--json` prints.
  struct Report: Encodable {
    var schema = 1
    var model: String
    var result: ProfileResult
  }

  func run() throws {
    if let plot { try TextFile.checkIsFree(plot, replacing: force) }
    let result = try EngineProgram.ask(
      .profile(model: model, inputs.request(plan: planning.plan), runs: runs), for: ProfileResult.self)
    if let plot { try ProfilePlot(result).write(to: plot) }
    if printing.json { return print(try Report(model: model, result: result).json()) }
    print(Self.lines(result).joined(separator: "\n"))
  }

  static func lines(_ result: ProfileResult) -> [String] {
    let sum = result.rows.reduce(0) { $0 + $1.milliseconds }
    func cells(_ name: String, _ operators: String, _ parameters: Int, _ macs: Int, _ time: Double) -> [String] {
      [
        name, operators, parameters == 0 ? "" : parameters.grouped, macs == 0 ? "" : macs.grouped, time.fixed(3),
        (sum > 0 ? time / sum : 0).percent,
        macs == 0 || time == 0 ? "" : (2 * Double(macs) / time / 1e6).significant(3),
      ]
    }
    var rows = result.rows.map { row in
      let operators = row.operators.prefix(2).map { $0.hasPrefix("aten::") ? String($0.dropFirst(6)) : $0 }
      let more = row.operators.count > 2 ? ", ..." : ""
      return cells(
        row.module.isEmpty ? "(model)" : row.module.withoutControls, operators.joined(separator: ", ") + more,
        row.parameters, row.macs, row.milliseconds)
    }
    rows.append(
      cells(
        "all", "", result.rows.reduce(0) { $0 + $1.parameters }, result.rows.reduce(0) { $0 + $1.macs }, sum))
    let table = TextTable(
      columns: [
        .init("module", .left), .init("operators", .left), .init("parameters"), .init("MACs"), .init("ms"),
        .init("share"),
        .init("GFLOP/s"),
      ], rows: rows)
    return table.lines + [
      "",
      "\(result.milliseconds.fixed(3)) ms a run, batch \(result.batch), \(result.threads.counted("thread")), median of "
        + "\(result.runs); \(result.peakBytes.bytes) of memory at most",
    ]
  }
}
