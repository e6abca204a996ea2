import Checkpoints
import Console

/// What a command that rewrites a file has done to its size.
struct SizeReport: Encodable {
  let input: String
  let output: String
  let inputBytes: Int
  let outputBytes: Int
  /// The tensors that were changed in their layout.
  let tensors: Int

  private let verb: String

  private enum CodingKeys: CodingKey { case input, output, inputBytes, outputBytes, tensors }

  /// Compares an input with the output at a path, once that is in place.
  init(input: Checkpoint, output: String, tensors: Int, verb: String) throws(CheckpointError) {
    self.input = input.path
    inputBytes = input.size
    if let size = Checkpoint.fileSize(at: output) {
      (self.output, outputBytes) = (output, size)
    } else {
      let written = try Checkpoint.open(output)
      (self.output, outputBytes) = (written.path, written.size)
    }
    self.tensors = tensors
    self.verb = verb
  }

  /// Prints it as asked for.
  func print(_ options: PrintOptions) throws {
    guard !options.json else { return Swift.print(try json()) }
    let share = inputBytes == 0 ? "" : " (\((Double(outputBytes) / Double(inputBytes)).percent))"
    Swift.print(
      "\(output): \(tensors > 0 ? "\(tensors.counted("tensor")) " : "")\(verb), \(inputBytes.bytes) to \(outputBytes.bytes)\(share)"
    )
  }
}
