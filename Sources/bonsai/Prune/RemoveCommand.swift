import ArgumentParser
import Checkpoints

/// `bonsai remove`: makes masks permanent.
struct RemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Makes masks permanent: NAME_orig and NAME_mask become NAME.",
    discussion: """
      What torch.nn.utils.prune.remove does, for every pair of a checkpoint or for those that are named.

      EXAMPLES
        bonsai remove masked.pt -o model.pt
        bonsai remove masked.safetensors -o model.safetensors --exclude '^head'
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var printing: PrintOptions

  @Option(parsing: .singleValue, help: ArgumentHelp("Keep the masks of what it finds in a name.", valueName: "regex"))
  var exclude: [String] = []

  @Option(parsing: .singleValue, help: ArgumentHelp("Only what it finds in a name.", valueName: "regex"))
  var only: [String] = []

  func run() throws {
    let checkpoint = try input.open()
    let pruner = try CheckpointPruner(
      removingMasksIn: checkpoint, of: TensorChoice(exclude: exclude, only: only), digest: SHA256Digest.self)
    checkpoint.remarkOnLeftOut()
    let target = CheckpointPruner.Output(
      path: output.path, format: try output.prepare(), replacing: output.force, record: .command())
    let report: PruningReport
    if let model = checkpoint.exportedModel, case .pt2 = target.format {
      report = try ExportedRemoval(model, exclude: exclude, only: only).write(pruner, to: target)
    } else {
      report = try pruner.run(showing: target, as: .zeros)
    }
    print(try PruneResult(report, output: target.path, form: .zeros).text(json: printing.json))
  }
}
