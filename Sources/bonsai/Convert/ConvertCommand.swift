import ArgumentParser
import Checkpoints
import Console
import OrderedCollections

/// `bonsai convert`: the same tensors in another format.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Writes the tensors of a file in another format.",
    discussion: """
      From PyTorch to safetensors and back, from one file to shards and back; names, types, order and metadata stay.

      EXAMPLES
        bonsai convert training.ckpt -o weights.safetensors
        bonsai convert model.safetensors -o model/ --shard-size 2000000000
        bonsai convert parallel.pth -o single.pth --strip-prefix module.
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var printing: PrintOptions

  @Option(help: ArgumentHelp("Take these letters from the beginning of all names.", valueName: "prefix"))
  var stripPrefix: String?

  @Option(help: ArgumentHelp("Bytes of tensors in a shard, where shards are written.", valueName: "bytes"))
  var shardSize: Int?

  func validate() throws {
    guard shardSize ?? 1 > 0 else { throw ValidationError("--shard-size: expected 1 or more, found \(shardSize ?? 0)") }
    if shardSize != nil, case .shardedSafetensors = try output.format() { return }
    if shardSize != nil {
      throw ValidationError("--shard-size: expected a directory as output, found '\(output.path)'")
    }
  }

  func run() throws {
    var format = try output.prepare()
    let checkpoint = try input.open()
    checkpoint.remarkOnLeftOut()
    if let shardSize { format = .shardedSafetensors(limit: shardSize) }
    let sources = try checkpoint.tensors.map { tensor in
      var source = checkpoint.source(of: tensor)
      source.spec.name = try stripped(tensor.name, checkpoint.path)
      return source
    }
    let writing = ByteProgress("converting")
    defer { writing.clear() }
    try Checkpoint.write(
      sources, as: format, to: output.path, metadata: checkpoint.metadata, moduleVersions: strippedVersions(checkpoint),
      like: shardSize == nil ? checkpoint : nil, replacing: output.force, progress: writing.update)
    writing.clear()
    try SizeReport(input: checkpoint, output: output.path, tensors: sources.count, verb: "converted").print(printing)
  }

  /// The versions of modules under their new names: of `module.conv1` under `conv1`, of `module` under none.
  private func strippedVersions(_ checkpoint: Checkpoint) -> OrderedDictionary<String, Int> {
    guard let stripPrefix else { return checkpoint.moduleVersions }
    let versions = checkpoint.moduleVersions.compactMap { module, version -> (String, Int)? in
      if module + "." == stripPrefix { return ("", version) }
      return module.hasPrefix(stripPrefix) ? (String(module.dropFirst(stripPrefix.count)), version) : nil
    }
    return OrderedDictionary(versions) { first, _ in first }
  }

  private func stripped(_ name: String, _ file: String) throws(CheckpointError) -> String {
    guard let stripPrefix else { return name }
    guard name.hasPrefix(stripPrefix), name != stripPrefix else {
      throw CheckpointError(
        .invalidArgument, "strip a prefix from the names of", file: file,
        expected: "'\(stripPrefix)' before every name",
        found: "'\(name)'", advice: "look at the names with bonsai inspect; nothing was written")
    }
    return String(name.dropFirst(stripPrefix.count))
  }
}
