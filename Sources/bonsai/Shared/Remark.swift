import Checkpoints
import Console

/// Prints a remark on standard error: something worth knowing that is no error.
func remark(_ text: String) { Terminal.error.write("bonsai: note: \(text)\n") }

extension Checkpoint {
  /// Remarks on what a PyTorch file holds beside its tensors, which the output will not have.
  func remarkOnLeftOut() {
    guard !leftOut.isEmpty else { return }
    let names = leftOut.prefix(5).joined(separator: ", ") + (leftOut.count > 5 ? ", ..." : "")
    remark("the output has the tensors of '\(path)' only, not its \(names)")
  }
}
