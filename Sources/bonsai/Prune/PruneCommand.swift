import ArgumentParser
import Checkpoints
import Console
import Sparsity

/// `bonsai prune`: sets the least important weights of a checkpoint to zero, or masks them.
struct PruneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Prunes the least important weights of a checkpoint of any size.",
    discussion: """
      Weights of two or more dimensions are pruned, but no biases, norms or embeddings, unless names are given. The \
      result on the same tensors is that of torch.nn.utils.prune; of equal weights the one with the lowest flat index \
      goes first. Memory stays below 256 MiB, whatever the size of the files.

      EXAMPLES
        bonsai prune model.safetensors -o half.safetensors --amount 0.5
        bonsai prune model.pt -o pruned.pt --amount 0.3 --scope tensor --masks
        bonsai prune llama/ -o llama-2of4/ --pattern 2:4
        bonsai prune model.pt -o rows.pt --pattern structured --dim 0 --method ln --norm 2 --amount 0.25
        bonsai prune model.pt -o random.pt --method random --seed 0 --amount 1000
        bonsai prune model.pt --rules rules.toml --dry-run

      RULES
        [[rule]]                           # The first rule that matches decides.
        match = 'embed|lm_head'            # looked for anywhere in a name
        exclude = true
        [[rule]]
        match = 'layers\\.[0-9]+\\.mlp'
        amount = 0.9                       # or threshold = 1e-3
      """)

  @OptionGroup var input: InputOptions

  @OptionGroup(title: "Output") var output: PruneOutputOptions
  @OptionGroup(title: "What is pruned, and how") var how: RecipeOptions
  @OptionGroup var printing: PrintOptions

  @Option(help: ArgumentHelp("Draw the sparsity of each tensor as a picture.", valueName: "svg"))
  var plot: String?

  @Flag(help: "Find out what would be pruned and write nothing.")
  var dryRun = false

  func validate() throws {
    guard dryRun || output.path != nil else {
      throw ValidationError("expected --output with the file to write, or --dry-run, found neither")
    }
    if let plot, !plot.lowercased().hasSuffix(".svg") {
      throw ValidationError("--plot: expected a path ending in .svg, found '\(plot)'")
    }
  }

  func run() throws {
    if let plot { try SparsityPlot.checkIsFree(plot, replacing: output.force) }
    let checkpoint = try input.open()
    let pruner = try CheckpointPruner(checkpoint, try how.recipe(), draws: PipedDraws(), digest: SHA256Digest.self)
    let target = dryRun ? nil : try output.target(seed: how.isRandom ? how.seed : nil)
    if target != nil { checkpoint.remarkOnLeftOut() }
    let report = try pruner.run(showing: target, as: output.form)
    if let plot { try SparsityPlot(report).write(to: plot) }
    print(try PruneResult(report, output: target?.path, form: output.form).text(json: printing.json))
  }
}

extension CheckpointPruner {
  /// Runs with progress on the terminal; a dry run without an output.
  func run(showing output: Output?, as form: PrunedForm) throws -> PruningReport {
    var stage: Stage?
    var progress: ByteProgress?
    defer { progress?.clear() }
    let show: Progress = { new, done, total in
      if new != stage {
        progress?.clear()
        progress = ByteProgress(new == .searching ? "searching" : output == nil ? "counting" : "writing", total: total)
        stage = new
      }
      try progress?.update(done, of: total)
    }
    guard let output else { return try dryRun(as: form, progress: show) }
    return try run(to: output, progress: show)
  }
}
