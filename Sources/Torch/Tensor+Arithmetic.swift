// Shapes are broadcast and dtypes promoted as in PyTorch; a number on either side counts as Python's.

extension Tensor {
  /// Entry by entry.
  public static func + (a: Tensor, b: Tensor) -> Tensor { call("add.Tensor", a, b) }
  /// Entry by entry.
  public static func + (a: Tensor, b: some TensorScalar) -> Tensor { call("add.Tensor", a, b) }
  /// Entry by entry.
  public static func + (a: some TensorScalar, b: Tensor) -> Tensor { call("add.Tensor", b, a) }
  /// Entry by entry.
  public static func - (a: Tensor, b: Tensor) -> Tensor { call("sub.Tensor", a, b) }
  /// Entry by entry.
  public static func - (a: Tensor, b: some TensorScalar) -> Tensor { call("sub.Tensor", a, b) }
  /// Entry by entry.
  public static func - (a: some TensorScalar, b: Tensor) -> Tensor { call("rsub.Scalar", b, a) }
  /// Entry by entry.
  public static func * (a: Tensor, b: Tensor) -> Tensor { call("mul.Tensor", a, b) }
  /// Entry by entry.
  public static func * (a: Tensor, b: some TensorScalar) -> Tensor { call("mul.Tensor", a, b) }
  /// Entry by entry.
  public static func * (a: some TensorScalar, b: Tensor) -> Tensor { call("mul.Tensor", b, a) }
  /// Entry by entry, true division.
  public static func / (a: Tensor, b: Tensor) -> Tensor { call("div.Tensor", a, b) }
  /// Entry by entry, true division.
  public static func / (a: Tensor, b: some TensorScalar) -> Tensor { call("div.Tensor", a, b) }
  /// Entry by entry, true division.
  public static func / (a: some TensorScalar, b: Tensor) -> Tensor { call("mul.Tensor", call("reciprocal", b), a) }
  /// What division to the next lower whole number leaves; it has the sign of `b`, as Python's `%`.
  public static func % (a: Tensor, b: Tensor) -> Tensor { call("remainder.Tensor", a, b) }
  /// What division to the next lower whole number leaves; it has the sign of `b`, as Python's `%`.
  public static func % (a: Tensor, b: some TensorScalar) -> Tensor { call("remainder.Scalar", a, b) }
  /// The sign turned.
  public static prefix func - (a: Tensor) -> Tensor { call("neg", a) }

  /// Division to the next lower whole number, as Python's `//`.
  public func floorDivide(_ other: Tensor) -> Tensor { call("floor_divide", self, other) }
  /// Division to the next lower whole number, as Python's `//`.
  public func floorDivide(_ other: some TensorScalar) -> Tensor { call("floor_divide.Scalar", self, other) }
  /// What division towards zero leaves; it has the sign of this tensor, as C's `fmod`.
  public func fmod(_ other: Tensor) -> Tensor { call("fmod.Tensor", self, other) }
  /// Each entry to a power.
  public func pow(_ exponent: some TensorScalar) -> Tensor { call("pow.Tensor_Scalar", self, exponent) }
  /// Each entry to the power of the other's.
  public func pow(_ exponent: Tensor) -> Tensor { call("pow.Tensor_Tensor", self, exponent) }
  /// This tensor plus `scale * a * b`.
  public func addcmul(_ a: Tensor, _ b: Tensor, scale: Double = 1) -> Tensor {
    call("addcmul", self, a, b, keywords: [("value", scale)])
  }
  /// This tensor plus `scale * a / b`.
  public func addcdiv(_ a: Tensor, _ b: Tensor, scale: Double = 1) -> Tensor {
    call("addcdiv", self, a, b, keywords: [("value", scale)])
  }
  /// This tensor plus `weight * (end - this)`.
  public func lerp(_ end: Tensor, _ weight: Double) -> Tensor { call("lerp.Scalar", self, end, weight) }
}

extension Tensor {
  // Whole numbers and truth values.

  /// Bit by bit; for truth values, whether both are true.
  public static func & (a: Tensor, b: Tensor) -> Tensor { call("bitwise_and.Tensor", a, b) }
  /// Bit by bit; for truth values, whether either is true.
  public static func | (a: Tensor, b: Tensor) -> Tensor { call("bitwise_or.Tensor", a, b) }
  /// Bit by bit; for truth values, whether they differ.
  public static func ^ (a: Tensor, b: Tensor) -> Tensor { call("bitwise_xor.Tensor", a, b) }
  /// Every bit turned; for truth values, whether it is false.
  public static prefix func ~ (a: Tensor) -> Tensor { call("bitwise_not", a) }
}
