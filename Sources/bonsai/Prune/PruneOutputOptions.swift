import ArgumentParser
import Checkpoints
import FilePruning
import OrderedCollections

/// The checkpoint that pruning writes.
struct PruneOutputOptions: ParsableArguments {
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp(
      "The file to write; its ending says the format (.safetensors, .pt, .pth, .bin, .ckpt; .pt2 or .onnx where the input is such "
        + "a model), a directory means shards.",
      valueName: "path"))
  var path: String?

  @Flag(help: "Replace what is there, or what a symbolic link there leads to; input and output may be the same.")
  var force = false

  @Flag(help: "Write NAME_orig and NAME_mask, for PyTorch to go on with, in place of zeros.")
  var masks = false

  @Flag(help: "Keep all else that a PyTorch file holds, byte for byte: the optimizer's state, the epoch.")
  var keepRest = false

  var form: PrunedForm { masks ? .masks : .zeros }

  func validate() throws {
    guard let path else { return }
    let format = try OutputOptions.format(of: path)
    if keepRest, format != .pytorch {
      throw ValidationError("--keep-rest: expected an output that ends in .pt, .pth, .bin or .ckpt, found '\(path)'")
    }
    if keepRest, masks {
      throw ValidationError(
        "--keep-rest: expected zeros, since masks would need other names in the pickle, found --masks")
    }
  }

  /// Where the result goes, with a record of the command.
  func target(seed: UInt64?) throws -> FilePruner.Output? {
    guard let path else { return nil }
    let format = try OutputOptions.prepare(path, force: force)
    return FilePruner.Output(
      path: path, format: keepRest ? .pytorchWithRest : format, form: form, replacing: force,
      record: .command(seed: seed))
  }
}

extension CheckpointMetadata {
  /// How the output came about.
  static func command(seed: UInt64? = nil) -> CheckpointMetadata {
    let words = ["bonsai"] + ProcessArguments.words
    var record: CheckpointMetadata = [
      "command": words.map(quoted).joined(separator: " "), "version": BonsaiCommand.version,
    ]
    if let seed { record["seed"] = "\(seed)" }
    return record
  }

  /// The word as a shell reads it.
  private static func quoted(_ word: String) -> String {
    let isPlain = !word.isEmpty && word.utf8.allSatisfy { $0 > 0x2a && $0 < 0x7b && !"<>;?[\\]^`".utf8.contains($0) }
    return isPlain
      ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
