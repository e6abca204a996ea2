import Console
import Foundation
import Pruning
import Torch

/// Where the tutorial's text goes: standard output, section by section.
struct Page {
  /// Whether every tensor is printed in full, as on the tutorial's page, also where it has been printed before.
  let full: Bool

  /// A heading over the whole width of the text.
  func section(_ title: String) {
    let rule = String(repeating: "─", count: max(0, 76 - title.count - 4))
    Terminal.output.write("\n" + Terminal.output.styled("── \(title) \(rule)", .bold) + "\n")
  }

  /// A line of code and below it what it gives.
  func show(_ code: String, _ value: some CustomStringConvertible) {
    Terminal.output.write("\n" + Terminal.output.styled("> " + code, .dim) + "\n\(value)\n")
  }

  /// A line of code that is run for what it does.
  func did(_ code: String) { Terminal.output.write("\n" + Terminal.output.styled("> " + code, .dim) + "\n") }

  /// Tensors by name, parameters marked as such.
  /// - Parameter brief: Whether dtype and shape will do, because the entries have been seen; nothing to ``full``.
  func list(_ code: String, _ tensors: some Sequence<(key: String, value: Tensor)>, brief: Bool = false) {
    let tensors = Array(tensors)
    let width = tensors.map(\.key.count).max() ?? 0
    let lines = tensors.map { name, tensor in
      if brief && !full {
        return
          "\(name.padded(to: width))  \(tensor.requiresGrad ? "parameter" : "buffer")  \(tensor.dtype) \(tensor.shape)"
      }
      return "\(name): \(tensor.requiresGrad ? tensor.parameterDescription : tensor.description)"
    }
    show(code, lines.isEmpty ? "(none)" : lines.joined(separator: "\n"))
  }

  /// Running text.
  func say(_ text: String) { Terminal.output.write("\n\(text)\n") }

  /// A table, indented.
  func show(_ table: TextTable) { say(table.lines.map { "  " + $0 }.joined(separator: "\n")) }
}
