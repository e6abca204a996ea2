import ArgumentParser
import Checkpoints
import Console

/// `bonsai pack`: a smaller file of the same numbers.
struct PackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack",
    abstract: "Writes sparse weights as bitmasks and kept values: smaller, and lossless.",
    discussion: """
      Each tensor that becomes smaller by it is stored in the sparse-bitmask layout of compressed-tensors: a bit for \
      each element, and the elements that are not zero. Half-empty float32 weights shrink \
      to about 53 %, weights with 90 % zeros to about 14 %. bonsai unpack gives back every bit, the signs of zeros included. \
      Memory is a few blocks, and 2 kB for each tensor.

      EXAMPLES
        bonsai pack lenet-pruned.safetensors -o lenet-packed.safetensors
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var printing: PrintOptions

  @Flag(help: "Store -0.0, which PyTorch leaves where it prunes, as 0.0: smaller by up to a bit for each element.")
  var dropZeroSigns = false

  func run() throws {
    let format = try output.prepare()
    let checkpoint = try input.open()
    checkpoint.remarkOnLeftOut()
    let counting = ByteProgress("counting")
    defer { counting.clear() }
    let plan = try SparseBitmask.plan(
      packing: checkpoint, keepsZeroSigns: !dropZeroSigns, progress: counting.update)
    counting.clear()
    let writing = ByteProgress("packing")
    defer { writing.clear() }
    try plan.write(as: format, to: output.path, replacing: output.force, progress: writing.update)
    writing.clear()
    try copyCompanions(from: input.file, to: output.path)
    try SizeReport(
      input: checkpoint, output: output.path, tensors: plan.packed.count,
      verb: plan.packed.isEmpty ? "copied; no tensor becomes smaller by packing" : "packed"
    ).print(printing)
  }
}

/// `bonsai unpack`: the dense file again.
struct UnpackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unpack",
    abstract: "Writes the dense file again that bonsai pack has packed.",
    discussion: """
      Reads files that compressed-tensors has written in its sparse-bitmask and sparse-24-bitmask layouts, too. Where no \
      tensor is packed nothing is written, and the exit status is 1.

      EXAMPLES
        bonsai unpack lenet-packed.safetensors -o lenet.safetensors
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var printing: PrintOptions

  func run() throws {
    let format = try output.prepare()
    let checkpoint = try input.open()
    let sources = try SparseBitmask.sources(unpacking: checkpoint)
    let packed = sources.filter { checkpoint[$0.spec.name] == nil }.count
    guard packed > 0 else {
      print("\(checkpoint.path): no tensor is packed; nothing was written")
      throw ExitCode.foundSomething
    }
    checkpoint.remarkOnLeftOut()
    let writing = ByteProgress("unpacking")
    defer { writing.clear() }
    try Checkpoint.write(
      sources, as: format, to: output.path, metadata: checkpoint.metadata(for: format),
      moduleVersions: checkpoint.moduleVersions, like: checkpoint, replacing: output.force, progress: writing.update)
    writing.clear()
    try copyCompanions(from: input.file, to: output.path)
    try SizeReport(input: checkpoint, output: output.path, tensors: packed, verb: "unpacked").print(printing)
  }
}
