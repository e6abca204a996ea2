// What PyTorch writes with an underscore at the end: the tensor's memory is changed, and with it every view of it.
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
  /// Overwrites the entries where `mask` is true: `masked_fill_`.
  @discardableResult
  public func fill(_ value: some TensorScalar, where mask: Tensor) -> Tensor {
    call("masked_fill_.Scalar", self, mask, value)
  }

  /// Adds `scale * other` in place: `add_`.
  @discardableResult
  public func add(inPlace other: Tensor, scale: Double = 1) -> Tensor {
    scale == 1
      ? call("add_.Tensor", self, other) : call("add_.Tensor", self, other, keywords: [("alpha", scale)])
  }
  /// Adds a number in place: `add_`.
  @discardableResult
  public func add(inPlace other: some TensorScalar) -> Tensor { call("add_.Tensor", self, other) }
  /// Subtracts in place: `sub_`.
  @discardableResult
  public func subtract(inPlace other: Tensor) -> Tensor { call("sub_.Tensor", self, other) }
  /// Subtracts a number in place: `sub_`.
  @discardableResult
  public func subtract(inPlace other: some TensorScalar) -> Tensor { call("sub_.Tensor", self, other) }
  /// Multiplies in place: `mul_`.
  @discardableResult
  public func multiply(inPlace other: Tensor) -> Tensor { call("mul_.Tensor", self, other) }
  /// Multiplies in place: `mul_`.
  @discardableResult
  public func multiply(inPlace factor: some TensorScalar) -> Tensor { call("mul_.Tensor", self, factor) }
  /// Divides in place: `div_`.
  @discardableResult
  public func divide(inPlace other: Tensor) -> Tensor { call("div_.Tensor", self, other) }
  /// Divides in place: `div_`.
  @discardableResult
  public func divide(inPlace divisor: some TensorScalar) -> Tensor { call("div_.Tensor", self, divisor) }

  /// Adds `scale * a * b` in place: `addcmul_`.
  @discardableResult
  public func addcmul(inPlace a: Tensor, _ b: Tensor, scale: Double = 1) -> Tensor {
    call("addcmul_", self, a, b, keywords: [("value", scale)])
  }
  /// Adds `scale * a / b` in place: `addcdiv_`.
  @discardableResult
  public func addcdiv(inPlace a: Tensor, _ b: Tensor, scale: Double = 1) -> Tensor {
    call("addcdiv_", self, a, b, keywords: [("value", scale)])
  }
  /// Moves the entries by `weight * (end - entry)`: `lerp_`.
  @discardableResult
  public func lerp(inPlace end: Tensor, _ weight: Double) -> Tensor { call("lerp_.Scalar", self, end, weight) }
  /// Holds the entries between the bounds: `clamp_`.
  @discardableResult
  public func clampInPlace(min: Double? = nil, max: Double? = nil) -> Tensor { call("clamp_", self, min, max) }

  /// Adds in place.
  public static func += (a: Tensor, b: Tensor) { a.add(inPlace: b) }
  /// Adds in place.
  public static func += (a: Tensor, b: some TensorScalar) { a.add(inPlace: b) }
  /// Subtracts in place.
  public static func -= (a: Tensor, b: Tensor) { a.subtract(inPlace: b) }
  /// Subtracts in place.
  public static func -= (a: Tensor, b: some TensorScalar) { a.subtract(inPlace: b) }
  /// Multiplies in place.
  public static func *= (a: Tensor, b: Tensor) { a.multiply(inPlace: b) }
  /// Multiplies in place.
  public static func *= (a: Tensor, b: some TensorScalar) { a.multiply(inPlace: b) }
  /// Divides in place.
  public static func /= (a: Tensor, b: Tensor) { a.divide(inPlace: b) }
  /// Divides in place.
  public static func /= (a: Tensor, b: some TensorScalar) { a.divide(inPlace: b) }
}
