import ArgumentParser
import Checkpoints
import Console
import Graphs
import OrderedCollections

/// `bonsai convert`: the same tensors in another format, or under other names.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Writes the tensors of a file in another format, or under other names.",
    discussion: """
      From PyTorch to safetensors and back, from one file to shards and back; names, types, order and metadata stay. \
      Where a directory is made out of a directory, configuration and tokenizer go along. A model of torch.export (.pt2) \
      becomes an ONNX model, graph and all, where the output ends in .onnx; its batch stays free.

      EXAMPLES
        bonsai convert training.ckpt -o weights.safetensors
        bonsai convert model.safetensors -o model/ --shard-size 2000000000
        bonsai convert parallel.pth -o single.pth --strip-prefix module.
        bonsai convert model.pt2 -o model.onnx --opset 18
        bonsai convert model.onnx -o weights.safetensors
        bonsai convert compiled.pt -o plain.pt --rename 's/_orig_mod\\.//g' --dry-run
      """)

  @OptionGroup var input: InputOptions

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp(
      "The file to write; its ending says the format (.safetensors, .pt, .pth, .bin, .ckpt, .onnx), a directory means shards.",
      valueName: "path"))
  var output: String?

  @Flag(help: "Replace what is there; input and output may be the same then.")
  var force = false

  @OptionGroup var printing: PrintOptions

  @Option(help: ArgumentHelp("Take these letters from the beginning of all names.", valueName: "prefix"))
  var stripPrefix: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Change names as sed does: s/REGEX/TEXT/ the first place, with g behind it all places; \\1 or $1 is what the first "
        + "parentheses have found. Several are carried out in order, after --strip-prefix.", valueName: "s/regex/text/")
  )
  var rename: [String] = []

  @Option(help: ArgumentHelp("Bytes of tensors in a shard, where shards are written.", valueName: "bytes"))
  var shardSize: Int?

  @Option(
    help: ArgumentHelp("The version of ONNX's operators, 18 to 23, where a .pt2 becomes an ONNX model.", valueName: "n")
  )
  var opset: Int?

  @Flag(help: "Show the names that would be written, and what would be left out; write nothing.")
  var dryRun = false

  func validate() throws {
    guard shardSize ?? 1 > 0 else { throw ValidationError("--shard-size: expected 1 or more, found \(shardSize ?? 0)") }
    do {
      _ = try NameChanges(stripping: stripPrefix, rename)
    } catch {
      throw ValidationError("--rename: expected \(error.expected), found \(error.found); \(error.advice)")
    }
    guard let output else {
      if dryRun { return }
      throw ValidationError("expected --output with the file to write, or --dry-run, found neither")
    }
    let format = try OutputOptions.format(of: output)
    if let opset, format != .onnx || !(18...23).contains(opset) {
      throw ValidationError(
        "--opset: expected 18 to 23 with an output ending in .onnx, found \(opset) with '\(output)'")
    }
    if format == .onnx, stripPrefix != nil || !rename.isEmpty {
      throw ValidationError("--rename, --strip-prefix: expected an output without a graph, found '\(output)'")
    }
    if shardSize != nil, case .shardedSafetensors = format { return }
    if shardSize != nil {
      throw ValidationError("--shard-size: expected a directory as output, found '\(output)'")
    }
  }

  func run() throws {
    let names = try NameChanges(stripping: stripPrefix, rename)
    if dryRun { return try show(names) }
    guard let output else { return }
    var format = try OutputOptions.prepare(output, force: force)
    let checkpoint = try input.open()
    if format == .onnx, let model = checkpoint.exportedModel { return try export(model, checkpoint, to: output) }
    let renamed = try names.applied(to: checkpoint)
    checkpoint.remarkOnLeftOut(format)
    if let shardSize { format = .shardedSafetensors(limit: shardSize) }
    let sources = zip(checkpoint.tensors, renamed).map { tensor, name in
      var source = checkpoint.source(of: tensor)
      source.spec.name = name
      return source
    }
    let writing = ByteProgress("converting")
    defer { writing.clear() }
    try Checkpoint.write(
      sources, as: format, to: output, metadata: checkpoint.metadata(for: format),
      moduleVersions: names.versions(of: checkpoint),
      like: shardSize == nil ? checkpoint : nil, replacing: force, progress: writing.update)
    writing.clear()
    try copyCompanions(from: input.file, to: output)
    try SizeReport(input: checkpoint, output: output, tensors: sources.count, verb: "converted").print(printing)
  }

  /// Writes a model of torch.export as an ONNX model.
  private func export(_ model: PT2File, _ checkpoint: Checkpoint, to output: String) throws {
    let progress = ByteProgress("converting")
    defer { progress.clear() }
    try ExportedProgram(model).writeONNX(
      to: output, opset: opset ?? 18, replacing: force, progress: progress.update)
    progress.clear()
    try SizeReport(input: checkpoint, output: output, tensors: checkpoint.tensors.count, verb: "converted")
      .print(printing)
  }

  /// What `--dry-run --json` prints.
  private struct Report: Encodable {
    struct Name: Encodable {
      var from: String
      var to: String
    }

    var names: [Name]
    var leftOut: [String]
  }

  private func show(_ names: NameChanges) throws {
    let checkpoint = try input.open()
    let renamed = try names.applied(to: checkpoint)
    checkpoint.remarkOnLeftOut()
    if printing.json {
      let pairs = zip(checkpoint.tensors, renamed).map { Report.Name(from: $0.name, to: $1) }
      return print(try Report(names: pairs, leftOut: checkpoint.leftOut).json())
    }
    var table = TextTable(columns: [.init("tensor", .left), .init("would be called", .left)])
    table.rows = zip(checkpoint.tensors, renamed).map { tensor, name in
      [tensor.name.withoutControls, name == tensor.name ? "" : name.withoutControls]
    }
    let changed = zip(checkpoint.tensors, renamed).filter { $0.name != $1 }.count
    print(
      (table.lines + ["", "\(changed.grouped) of \(renamed.count.counted("name")) would change"]).joined(
        separator: "\n"))
  }
}
