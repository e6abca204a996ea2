import Torch

/// Makes dimensions `start` to `end` one: `torch.nn.Flatten`.
open class Flatten: Module {
  /// The first of the dimensions.
  public final let start: Int
  /// The last of the dimensions.
  public final let end: Int

  /// Flattens all dimensions but the first, where nothing else is said.
  public init(_ start: Int = 1, _ end: Int = -1) {
    self.start = start
    self.end = end
  }

  /// The same entries with fewer dimensions.
  open override func forward(_ x: Tensor) -> Tensor { x.flatten(start, end) }

  /// The dimensions.
  open override var extraDescription: String { "start_dim=\(start), end_dim=\(end)" }
}

/// Hands its input on: `torch.nn.Identity`.
open class Identity: Module {
  /// The input.
  open override func forward(_ x: Tensor) -> Tensor { x }
}
