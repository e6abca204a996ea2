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

/// Makes several dimensions of one: `torch.nn.Unflatten`.
open class Unflatten: Module {
  /// The dimension.
  public final let dim: Int
  /// The lengths that it gets; one may be -1.
  public final let lengths: [Int]

  /// Makes dimension `dim` several.
  public init(_ dim: Int, _ lengths: [Int]) {
    self.dim = dim
    self.lengths = lengths
  }

  /// The same entries with more dimensions.
  open override func forward(_ x: Tensor) -> Tensor { x.unflatten(dim, lengths) }

  /// The dimension and its lengths.
  open override var extraDescription: String { "dim=\(dim), unflattened_size=\(Python.tuple(lengths))" }
}

/// Hands its input on: `torch.nn.Identity`.
open class Identity: Module {
  /// The input.
  open override func forward(_ x: Tensor) -> Tensor { x }
}
