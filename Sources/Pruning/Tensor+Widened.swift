import Torch

extension DType {
  /// Whether it is a floating-point type of 16 bits.
  var isHalf: Bool { self == .float16 || self == .bfloat16 }
}

extension Tensor {
  /// The tensor in float32 where it is of a half type, in which sums stop growing.
  var widened: Tensor { dtype.isHalf ? to(.float32) : self }
}
