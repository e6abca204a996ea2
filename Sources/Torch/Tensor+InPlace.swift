// What PyTorch writes with an underscore at the end: the tensor's memory is changed, and with it every view of it.
// Names end in `InPlace` where the same operation is there as a copy, too; `copy`, `fill`, `zero` and draws are not.
// Each function returns the tensor itself.

extension Tensor {
  /// Overwrites the entries with those of `other`, converted: `copy_`.
  @discardableResult
  public func copy(from other: Tensor) -> Tensor { call("copy_", self, other) }
  /// Overwrites every entry: `fill_`.
  @discardableResult
  public func fill(_ value: some TensorScalar) -> Tensor { call("fill_.Scalar", self, value) }
  /// Overwrites every entry with 0: `zero_`.
  @discardableResult
  public func zero() -> Tensor { call("zero_", self) }

  /// Adds `scale * other` in place: `add_`.
  @discardableResult
  public func addInPlace(_ other: Tensor, scale: Double = 1) -> Tensor {
    scale == 1
      ? call("add_.Tensor", self, other) : call("add_.Tensor", self, other, keywords: [("alpha", scale)])
  }
  /// Adds a number in place: `add_`.
  @discardableResult
  public func addInPlace(_ other: some TensorScalar) -> Tensor { call("add_.Tensor", self, other) }
  /// Subtracts in place: `sub_`.
  @discardableResult
  public func subtractInPlace(_ other: Tensor) -> Tensor { call("sub_.Tensor", self, other) }
  /// Subtracts a number in place: `sub_`.
  @discardableResult
  public func subtractInPlace(_ other: some TensorScalar) -> Tensor { call("sub_.Tensor", self, other) }
  /// Multiplies in place: `mul_`.
  @discardableResult
  public func multiplyInPlace(_ other: Tensor) -> Tensor { call("mul_.Tensor", self, other) }
  /// Multiplies in place: `mul_`.
  @discardableResult
  public func multiplyInPlace(_ factor: some TensorScalar) -> Tensor { call("mul_.Tensor", self, factor) }
  /// Divides in place: `div_`.
  @discardableResult
  public func divideInPlace(_ other: Tensor) -> Tensor { call("div_.Tensor", self, other) }
  /// Divides in place: `div_`.
  @discardableResult
  public func divideInPlace(_ divisor: some TensorScalar) -> Tensor { call("div_.Tensor", self, divisor) }

  /// Adds `scale * a * b` in place: `addcmul_`.
  @discardableResult
  public func addcmulInPlace(_ a: Tensor, _ b: Tensor, scale: Double = 1) -> Tensor {
    call("addcmul_", self, a, b, keywords: [("value", scale)])
  }
  /// Adds `scale * a / b` in place: `addcdiv_`.
  @discardableResult
  public func addcdivInPlace(_ a: Tensor, _ b: Tensor, scale: Double = 1) -> Tensor {
    call("addcdiv_", self, a, b, keywords: [("value", scale)])
  }
  /// Moves the entries by `weight * (end - entry)`: `lerp_`.
  @discardableResult
  public func lerpInPlace(_ end: Tensor, _ weight: Double) -> Tensor { call("lerp_.Scalar", self, end, weight) }
  /// Holds the entries between the bounds: `clamp_`.
  @discardableResult
  public func clampInPlace(min: Double? = nil, max: Double? = nil) -> Tensor { call("clamp_", self, min, max) }

  /// Adds in place.
  public static func += (a: Tensor, b: Tensor) { a.addInPlace(b) }
  /// Adds in place.
  public static func += (a: Tensor, b: some TensorScalar) { a.addInPlace(b) }
  /// Subtracts in place.
  public static func -= (a: Tensor, b: Tensor) { a.subtractInPlace(b) }
  /// Subtracts in place.
  public static func -= (a: Tensor, b: some TensorScalar) { a.subtractInPlace(b) }
  /// Multiplies in place.
  public static func *= (a: Tensor, b: Tensor) { a.multiplyInPlace(b) }
  /// Multiplies in place.
  public static func *= (a: Tensor, b: some TensorScalar) { a.multiplyInPlace(b) }
  /// Divides in place.
  public static func /= (a: Tensor, b: Tensor) { a.divideInPlace(b) }
  /// Divides in place.
  public static func /= (a: Tensor, b: some TensorScalar) { a.divideInPlace(b) }
}
