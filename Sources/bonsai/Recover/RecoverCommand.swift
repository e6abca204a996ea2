import ArgumentParser
import Checkpoints
import Console
import EngineMessages

/// `bonsai recover`: a smaller or pruned model brought back to what the original computes.
struct RecoverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recover",
    abstract: "Brings a smaller or pruned model (.pt2) back to what the original computes, without labels.",
    discussion: """
      The original is the teacher, some hundred inputs are enough. Some are held out: after each step the model is held \
      against the original on them, and a step that made it worse is undone. Zeros stay zeros. Ctrl-C ends it and keeps \
      the best so far. What 'bonsai compact' removed stands in its file.

      STEPS
        calibrate        running statistics of batch norms anew
        bias             what is missing on average, into biases
        least-squares    weights refitted, layer by layer
        distill:EPOCHS   training on the original's outputs

      EXAMPLES
        bonsai recover small.pt2 --teacher big.pt2 --data images.safetensors -o better.pt2
        bonsai recover small.pt2 --teacher big.pt2 --data images.safetensors --labels y --recover distill:5 -o better.pt2

      DATA, for example out of a folder of images:
        import glob, numpy, torch, safetensors.torch
        from PIL import Image
        images = [Image.open(p).convert("RGB").resize((224, 224)) for p in sorted(glob.glob("images/*.jpg"))[:512]]
        x = torch.from_numpy(numpy.stack([numpy.asarray(i) for i in images])).permute(0, 3, 1, 2).float() / 255
        x = (x - torch.tensor([.485, .456, .406])[:, None, None]) / torch.tensor([.229, .224, .225])[:, None, None]
        safetensors.torch.save_file({"x": x.contiguous()}, "images.safetensors")
      """)

  @Argument(help: ArgumentHelp("The smaller or pruned model.", valueName: "model"))
  var model: String

  @Option(help: ArgumentHelp("The original.", valueName: "model"))
  var teacher: String

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The model to write (.pt2).", valueName: "path"))
  var output: String

  @Flag(help: "Replace what is there.")
  var force = false

  @Option(
    help: ArgumentHelp(
      "Samples of what the model is for, by the names of its inputs, along the first dimension; one tensor serves one input.",
      valueName: "file"))
  var data: String

  @OptionGroup(title: "Recovery") var recovery: RecoveryOptions
  @OptionGroup(title: "Running") var running: RunningOptions
  @OptionGroup var printing: PrintOptions

  func validate() throws {
    guard output.hasSuffix(".pt2") else {
      throw ValidationError("--output: expected a path ending in .pt2, found '\(output)'")
    }
  }

  /// What `--json` prints.
  struct Report: Encodable {
    var schema = 1
    var output: String
    var result: RecoverResult
  }

  func run() throws {
    if !force { try Checkpoint.checkIsFree(output, for: .pt2) }
    for path in [model, teacher] { _ = try CompactCommand.exported(path, for: "recover") }
    let result = try recovery.run(
      model, teacher: teacher, data: data, to: output, replacing: force, batch: running.batch, threads: running.threads)
    if printing.json { return print(try Report(output: output, result: result).json()) }
    print((RecoveryOptions.lines(result) + ["written to \(output)"]).joined(separator: "\n"))
  }
}

/// How models are run.
struct RunningOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Samples at once, for models exported with a dynamic batch.", valueName: "n"))
  var batch: Int?

  @Option(help: ArgumentHelp("Threads within an operator.", valueName: "n"))
  var threads: Int?

  func validate() throws {
    if let batch, batch < 1 { throw ValidationError("--batch: expected 1 or more, found \(batch)") }
    if let threads, threads < 1 { throw ValidationError("--threads: expected 1 or more, found \(threads)") }
  }
}
