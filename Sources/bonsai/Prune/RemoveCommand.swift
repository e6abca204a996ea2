import ArgumentParser
import Checkpoints
import FilePruning
import Recipes

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
  @OptionGroup var record: DigestOptions
  @OptionGroup var printing: PrintOptions

  @Option(parsing: .singleValue, help: ArgumentHelp("Keep the masks of what it finds in a name.", valueName: "regex"))
  var exclude: [String] = []

  @Option(parsing: .singleValue, help: ArgumentHelp("Only what it finds in a name.", valueName: "regex"))
  var only: [String] = []

  func run() throws {
    let selector = Selector(
      only: try only.map { try NamePattern($0) }, excluded: try exclude.map { try NamePattern($0) })
    let checkpoint = try input.open()
    let pruner = try FilePruner(removingMasksIn: checkpoint, of: selector, digest: record.type)
    let target = FilePruner.Output(
      path: output.path, format: try output.prepare(), replacing: output.force, record: .command())
    checkpoint.remarkOnLeftOut(target.format)
    let report: FileReport
    if let model = checkpoint.exportedModel, case .pt2 = target.format {
      report = try ExportedRemoval(model, exclude: exclude, only: only).write(pruner, to: target)
    } else if let model = checkpoint.onnxModel, target.format == .onnx {
      report = try ONNXRemoval(model, exclude: exclude, only: only).write(pruner, to: target)
    } else {
      report = try pruner.run(showing: target, as: .zeros)
    }
    try copyCompanions(from: input.file, to: target.path)
    try report.write(output: target.path, form: .zeros, json: printing.json) { print($0) }
  }
}
