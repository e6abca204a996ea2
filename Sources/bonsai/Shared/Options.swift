import ArgumentParser
import Checkpoints
import Console

/// How results are printed.
struct PrintOptions: ParsableArguments {
  @Flag(help: "Print the result as JSON.")
  var json = false
}

/// One file to read.
struct InputOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("A file of weights, an index of shards, or a directory.", valueName: "file"))
  var file: String

  @OptionGroup var reading: ReadingOptions

  /// Opens the file.
  func open() throws(CheckpointError) -> Checkpoint { try reading.open(file) }
}

/// What to read of a file.
struct ReadingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where the tensors lie in a PyTorch file of several dictionaries, keys joined by dots: ema.model.",
      valueName: "keys"))
  var stateDict: String?

  /// Opens a file.
  func open(_ path: String) throws(CheckpointError) -> Checkpoint {
    do throws(CheckpointError) {
      return try Checkpoint.open(path, stateDict: stateDict)
    } catch {
      guard error.kind == .invalidArgument else { throw error }
      var error = error  // several state dicts
      error.advice += " with --state-dict"
      throw error
    }
  }
}

/// The file to write.
struct OutputOptions: ParsableArguments {
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp(
      "The file to write; its ending says the format (.safetensors, .pt, .pth, .bin, .ckpt; .pt2 or .onnx where the input is such "
        + "a model), a directory means shards.",
      valueName: "path"))
  var path: String

  @Flag(help: "Replace what is there, or what a symbolic link there leads to; input and output may be the same.")
  var force = false

  /// The format that the path asks for, once it is known that nothing is replaced unasked.
  ///
  /// - Throws: `CheckpointError` where there is a file already and `--force` is not given.
  func prepare() throws -> Checkpoint.OutputFormat { try Self.prepare(path, force: force) }

  /// The format that the path asks for.
  func format() throws -> Checkpoint.OutputFormat { try Self.format(of: path) }

  func validate() throws { _ = try format() }

  static func prepare(_ path: String, force: Bool) throws -> Checkpoint.OutputFormat {
    let format = try format(of: path)
    do throws(CheckpointError) {
      if !force { try Checkpoint.checkIsFree(path, for: format) }
    } catch {
      var error = error
      error.advice = "choose another name, or give --force to replace it"
      throw error
    }
    Interrupt.watch()
    return format
  }

  static func format(of path: String) throws -> Checkpoint.OutputFormat {
    guard let format = Checkpoint.OutputFormat(path: path) else {
      throw ValidationError(
        "--output: expected a path ending in .safetensors, .pt, .pth, .bin, .ckpt, .pt2 or .onnx, or in / for shards, found "
          + "'\(path)'"
      )
    }
    return format
  }
}
