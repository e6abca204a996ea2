import Checkpoints
import Console

/// Prints a remark on standard error: something worth knowing that is no error.
func remark(_ text: String, as kind: String = "note") { Terminal.error.write("bonsai: \(kind): \(text)\n") }

extension Checkpoint {
  /// Remarks on what a file holds beside its tensors, which the output will not have or has as it is; called before
  /// anything is written.
  ///
  /// - Parameters:
  ///   - format: The output's format.
  ///   - keepsRest: Whether the command has an option to keep it.
  func remarkOnLeftOut(_ format: OutputFormat? = nil, keepsRest: Bool = false) {
    guard !others.isEmpty else { return }
    let names = others.prefix(20).map { "\($0.name.withoutControls) (\($0.what))" }.joined(separator: ", ")
    let more = others.count > 20 ? " and \(others.count - 20) more, which bonsai inspect --json lists" : ""
    if format == .onnx || format == .pytorchWithRest { return remark("left as they are: \(names)\(more)") }
    remark(
      "the output has the tensors of '\(path)' only, without: \(names)\(more)"
        + (keepsRest ? "; --keep-rest keeps it" : ""))
  }
}

/// Takes configuration and tokenizer along where a directory was made out of a directory, and tells.
func copyCompanions(from input: String, to output: String) throws(CheckpointError) {
  guard let (from, to) = CompanionFiles.directories(from: input, to: output) else { return }
  let names = try CompanionFiles.copy(from: from, to: to)
  guard !names.isEmpty else { return }
  remark("copied beside the weights: \(names.joined(separator: ", "))")
}
