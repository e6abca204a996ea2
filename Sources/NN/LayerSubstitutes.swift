import Torch

/// Layers that are computed in another way while a call lasts, by whoever runs the network; the layers themselves and
/// other threads see nothing of it.
package final class LayerSubstitutes: @unchecked Sendable {
  /// Those of the call that runs on this thread.
  @TaskLocal package static var current: LayerSubstitutes?

  /// What computes a layer's output of its input, by the layer. Used on the thread that made it alone.
  package let table: [ObjectIdentifier: (Tensor) -> Tensor]

  /// Substitutes for some layers.
  package init(_ table: [ObjectIdentifier: (Tensor) -> Tensor]) { self.table = table }
}

extension Module {
  /// The output by this layer's substitute; nil where it has none.
  final func substituted(_ x: Tensor) -> Tensor? {
    LayerSubstitutes.current?.table[ObjectIdentifier(self)]?(x)
  }
}
