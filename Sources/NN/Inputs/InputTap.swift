import Torch

/// A hook that tells of what flows into a module, and changes nothing. A copy of the module has none.
///
/// A module that runs a graph looks for the taps of the modules whose weights it multiplies by, and tells them itself.
package final class InputTap: ForwardPreHook {
  /// The weight that the input is multiplied by.
  package let weight: String
  private let told: (LayerInput) -> Void

  package init(weight: String = "weight", _ told: @escaping (LayerInput) -> Void) {
    self.weight = weight
    self.told = told
  }

  /// Tells of an input.
  package func tell(_ input: LayerInput) { told(input) }

  package func willForward(_ module: Module, _ inputs: [Tensor]) -> [Tensor]? {
    if let first = inputs.first, weight == "weight" { told(LayerInput(first, into: module)) }
    return nil
  }

  package func copy(for module: Module) -> (any ForwardPreHook)? { nil }
}
