import ArgumentParser
import Checkpoints
import Console

/// `bonsai diff`: which tensors of two files differ.
struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compares two files, of any formats, tensor by tensor.",
    discussion: """
      Shows which tensors differ, in how many elements, by how much, and how the zeros have moved. A tensor that is \
      pruned in one file only (NAME_orig and NAME_mask) is compared as their product, a file that is packed with one that \
      is not as what it holds. 0.0 and -0.0 are the same value. \
      The exit status is 1 where anything differs.

      EXAMPLES
        bonsai diff lenet.safetensors lenet-pruned.safetensors
        bonsai diff model.pt model.safetensors --json
      """)

  @Argument(help: ArgumentHelp("The first file.", valueName: "a"))
  var first: String

  @Argument(help: ArgumentHelp("The second file.", valueName: "b"))
  var second: String

  @OptionGroup var reading: ReadingOptions
  @OptionGroup var printing: PrintOptions

  @Flag(help: "Show tensors that are equal, too.")
  var all = false

  func run() throws {
    let files = (try reading.open(first), try reading.open(second))
    let packed = (SparseBitmask.isPacked(files.0), SparseBitmask.isPacked(files.1))
    let dense =
      packed.0 == packed.1
      ? files : (try packed.0 ? unpacked(files.0) : files.0, try packed.1 ? unpacked(files.1) : files.1)
    let progress = ByteProgress("comparing")
    let comparison = try Comparison(files, dense: dense, all: all || printing.json, progress: progress.update)
    progress.clear()
    if printing.json {
      print(try comparison.report.json())
    } else {
      comparison.write { print($0) }
    }
    if !comparison.isEqual { throw ExitCode.foundSomething }
  }

  /// What a packed file holds.
  private func unpacked(_ checkpoint: Checkpoint) throws -> Checkpoint {
    let progress = ByteProgress("unpacking")
    defer { progress.clear() }
    return try SparseBitmask.unpackedTemporarily(checkpoint, progress: progress.update)
  }
}
