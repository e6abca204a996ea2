import ArgumentParser
import Checkpoints
import Console

/// `bonsai inspect`: what a file of weights holds.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows tensors, shapes, types, roles, zeros and magnitudes.",
    discussion: """
      Reads every value once, in blocks, unless --headers-only is given. A tensor that PyTorch has pruned and not made \
      permanent (NAME_orig and NAME_mask) is shown as such. The role says what a tensor is for, judged by its name, its \
      shape and what stands beside it; only weights are pruned unless others are named.

      EXAMPLES
        bonsai inspect lenet.safetensors
        bonsai inspect model/ --headers-only
        bonsai inspect training.ckpt --state-dict ema.model --json
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var printing: PrintOptions

  @Flag(help: "Read no values: names, types and shapes only.")
  var headersOnly = false

  func run() throws {
    let inspection = try Inspection(of: input.open(), readsValues: !headersOnly)
    if printing.json { return print(try inspection.report.json()) }
    inspection.write { print($0) }
  }
}
