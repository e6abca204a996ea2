import Sparsity

/// PyTorch's uniform random numbers, for pruning at random.
///
/// This module has no engine; whoever has one draws with it. After `torch.manual_seed(seed)` the sequence is that of
/// `torch.rand(count, dtype=type)` for each part in turn, so that masks are PyTorch's.
public protocol UniformDraws {
  /// Begins the sequence of a seed.
  ///
  /// - Returns: A closure that fills a buffer with the next draws of the part under way; it is asked for whole draws, in
  ///   any number at a time, and never for those of two parts at once.
  func begin(seed: UInt64, parts: [UniformPart]) throws -> (UnsafeMutableRawBufferPointer) throws -> Void
}

/// Draws of one type.
public struct UniformPart: Hashable, Sendable {
  /// A floating-point type.
  public var type: ElementType
  /// How many.
  public var count: Int

  /// So many draws of a type.
  public init(type: ElementType, count: Int) {
    self.type = type
    self.count = count
  }
}
