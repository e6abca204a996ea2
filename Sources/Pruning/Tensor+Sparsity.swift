import Sparsity
import Torch

extension Tensor {
  /// Whether selection runs on the tensor's memory; elsewhere the engine's operators do it.
  var isInMainMemory: Bool { device.kind == .cpu }

  /// The entries packed: 1 where they are other than 0.
  func bits(keeping test: BitMask.Test = .nonzero) -> BitMask {
    detach().contiguous().withUnsafeBytes { BitMask($0, type: dtype.elementType, keeping: test) }
  }

  /// Whether every entry is 0 or 1.
  var isBinary: Bool { ((self .== 0).logicalOr(self .== 1)).all().item() == 1 }

  /// The fraction of entries that are 0, in 0...1; 0 for an empty tensor.
  public var sparsity: Double { count == 0 ? 0 : 1 - Double(countNonzero()) / Double(count) }

  /// A new tensor with these bits as 1 and 0.
  static func make(_ bits: BitMask, shape: [Int], dtype: DType) -> Tensor {
    inLargePages(shape, dtype: dtype) { bits.expand(into: $0, as: dtype.elementType) }
  }
}
