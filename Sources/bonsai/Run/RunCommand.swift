import ArgumentParser
import Checkpoints
import Console
import EngineMessages

/// `bonsai run`: a model on inputs.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs an exported model (.pt2) and writes its outputs.",
    discussion: """
      Outputs are named as the model's: the keys of a dictionary, positions in a tuple, 'output' where there is one alone.
      A model is exported in Python, here with a batch of any size, by
        batch = torch.export.Dim("batch", min=1, max=64)
        program = torch.export.export(model.eval(), (example,), dynamic_shapes=({0: batch},))
        torch.export.save(program, "model.pt2")

      EXAMPLES
        bonsai run model.pt2 --inputs images.safetensors -o scores.safetensors
      """)

  @Argument(help: ArgumentHelp("A model of torch.export.", valueName: "model"))
  var model: String

  @OptionGroup var inputs: ModelInputOptions

  @OptionGroup var planning: PlanOptions

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The safetensors file to write.", valueName: "path"))
  var output: String

  @Flag(help: "Replace what is there.")
  var force = false

  @OptionGroup var printing: PrintOptions

  func validate() throws {
    guard output.hasSuffix(".safetensors") else {
      throw ValidationError("--output: expected a path ending in .safetensors, found '\(output)'")
    }
  }

  /// What `--json` prints.
  struct Report: Encodable {
    var schema = 1
    var output: String
    var result: RunResult
  }

  func run() throws {
    if !force { try Checkpoint.checkIsFree(output, for: .safetensors) }
    let result = try EngineProgram.ask(
      .run(model: model, inputs.request(plan: planning.plan), output: output, replacing: force), for: RunResult.self)
    ModelInputOptions.remark(ignored: result.ignored, isRandom: result.isRandom)
    if printing.json { return print(try Report(output: output, result: result).json()) }
    let samples = result.inputs.first?.shape.first ?? 1
    print("\(output): \(samples.counted("sample")), \(result.batch) at a time, in \(result.seconds.significant(3)) s")
    for tensor in result.outputs { print("  \(tensor.name): \(tensor.dtype) \(tensor.shape)") }
  }
}
