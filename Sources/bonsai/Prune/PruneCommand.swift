import ArgumentParser
import Checkpoints
import Console
import EngineMessages
import FilePruning
import Recipes
import Sparsity

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// `bonsai prune`: sets the least important weights of a checkpoint to zero, or masks them.
struct PruneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Prunes the least important weights of a checkpoint of any size.",
    discussion: """
      Weights of two or more dimensions are pruned, but no biases, norms or embeddings, unless names are given. The \
      result on the same tensors is that of torch.nn.utils.prune, but norms are computed in float64; of equal weights \
      the one with the lowest flat index goes first. Memory stays below 96 MiB, whatever the size of the files, and 2 kB more for \
      each tensor; --criterion lamp takes 32 bytes an entry of the largest weight.

      EXAMPLES
        bonsai prune model.safetensors -o half.safetensors --amount 0.5
        bonsai prune model.pt -o pruned.pt --sparsity 90% --distribution uniform --masks
        bonsai prune llama/ -o llama-2of4/ --pattern 2:4
        bonsai prune training.ckpt -o pruned.ckpt --amount 0.5 --keep-rest
        bonsai prune model.pt -o blocks.pt --pattern 4x1 --amount 0.7 --at-least 0.1
        bonsai prune model.pt -o rows.pt --pattern structured --dim 0 --norm 1 --amount 0.25
        bonsai prune model.pt -o random.pt --criterion random --seed 0 --count 1000
        bonsai prune model.pt --recipe recipe.toml --dry-run

      RECIPES
        criterion = "magnitude"            # or "lamp", { norm = 1 }, { random = 0 }
        pattern = "4x1"
        target = { sparsity = 0.7 }        # or amount, count, below
        distribution = { kind = "global", atLeast = 0.1 }
        selector = { exclude = ['lm_head'] }
        [[rule]]                           # as below

      RULES
        [[rule]]                           # The first rule that matches decides.
        match = 'embed|lm_head'            # looked for anywhere in a name
        exclude = true
        [[rule]]
        match = 'layers\\.[0-9]+\\.mlp'
        amount = 0.9                       # or sparsity = 0.9, count = 1000, below = 1e-3
      """)

  @OptionGroup var input: InputOptions

  @OptionGroup(title: "Output") var output: PruneOutputOptions
  @OptionGroup(title: "Output") var record: DigestOptions
  @OptionGroup(title: "What is pruned, and how") var how: RecipeOptions

  @Option(
    help: ArgumentHelp(
      "Samples for --recover, by the names of the model's inputs, along the first dimension; one tensor serves one input.",
      valueName: "file"))
  var data: String?

  @OptionGroup(title: "Recovery of an exported model") var recovery: RecoveryOptions
  @OptionGroup var printing: PrintOptions

  @Option(help: ArgumentHelp("Draw the sparsity of each tensor as a picture.", valueName: "svg"))
  var plot: String?

  @Flag(help: "Find out what would be pruned and write nothing.")
  var dryRun = false

  func validate() throws {
    guard dryRun || output.path != nil else {
      throw ValidationError("expected --output with the file to write, or --dry-run, found neither")
    }
    try recovery.check(data: data)
    if data != nil {
      guard recovery.recover != nil else {
        throw ValidationError("--data: expected --recover beside it with what is to be done, found none")
      }
      guard !output.masks, output.path?.hasSuffix(".pt2") ?? true else {
        throw ValidationError("--recover: expected zeros in an exported model (.pt2) as the output, found another")
      }
    }
    if let plot, !plot.lowercased().hasSuffix(".svg") {
      throw ValidationError("--plot: expected a path ending in .svg, found '\(plot)'")
    }
  }

  func run() throws {
    // What contradicts itself is refused before any file is opened.
    let recipe = try how.made()
    if let plot { try TextFile.checkIsFree(plot, replacing: output.force) }
    let checkpoint = try input.open()
    let pruner = try FilePruner(checkpoint, recipe, draws: PipedDraws(), digest: record.type)
    let target = dryRun ? nil : try output.target(seed: (recipe.criterion as? RandomScores)?.seed)
    if let target, !output.keepRest {
      checkpoint.remarkOnLeftOut(
        target.format, keepsRest: target.format == .pytorch && checkpoint.pytorchFile?.layout == .zip)
    }
    let (report, recovered) = try result(of: pruner, target)
    if let target { try copyCompanions(from: input.file, to: target.path) }
    if let plot { try TextFile.write(SparsityPlot(report.weights).svg, to: plot) }
    report.weights.remark(on: recipe)
    report.remarkOnTies()
    try report.write(output: target?.path, form: output.form, json: printing.json, recovery: recovered) { print($0) }
  }

  /// Prunes; where recovery is asked for, beside the target first.
  private func result(
    of pruner: FilePruner, _ target: FilePruner.Output?
  ) throws -> (report: FileReport, recovered: RecoverResult?) {
    guard var target, let data else { return (try pruner.run(showing: target, as: output.form), nil) }
    _ = try CompactCommand.exported(input.file, for: "recover")
    let path = target.path
    target.path = "\(path).pruned-\(UUID().uuidString).pt2"
    defer { unlink(target.path) }
    let report = try pruner.run(showing: target, as: output.form)
    return (
      report,
      try recovery.run(
        target.path, teacher: input.file, data: data, to: path, replacing: output.force, batch: nil, threads: nil)
    )
  }
}

extension FilePruner {
  /// Runs with progress on the terminal; a dry run without an output.
  func run(showing output: Output?, as form: PrunedForm) throws -> FileReport {
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
