extension Tensor {
  // Shapes are broadcast and dtypes promoted as in PyTorch.

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
  /// The sign turned.
  public static prefix func - (a: Tensor) -> Tensor { call("neg", a) }

  /// Truth values of the comparison, entry by entry.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { call("eq.Tensor", a, b) }
  /// Truth values of the comparison, entry by entry.
  public static func .== (a: Tensor, b: some TensorScalar) -> Tensor { call("eq.Scalar", a, b) }
  /// Truth values of the comparison, entry by entry.
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { call("ne.Tensor", a, b) }
  /// Truth values of the comparison, entry by entry.
  public static func .!= (a: Tensor, b: some TensorScalar) -> Tensor { call("ne.Scalar", a, b) }
  /// Truth values of the comparison, entry by entry.
  public static func .< (a: Tensor, b: Tensor) -> Tensor { call("lt.Tensor", a, b) }
  /// Truth values of the comparison, entry by entry.
  public static func .< (a: Tensor, b: some TensorScalar) -> Tensor { call("lt.Scalar", a, b) }
  /// Truth values of the comparison, entry by entry.
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { call("le.Tensor", a, b) }
  /// Truth values of the comparison, entry by entry.
  public static func .<= (a: Tensor, b: some TensorScalar) -> Tensor { call("le.Scalar", a, b) }
  /// Truth values of the comparison, entry by entry.
  public static func .> (a: Tensor, b: Tensor) -> Tensor { call("gt.Tensor", a, b) }
  /// Truth values of the comparison, entry by entry.
  public static func .> (a: Tensor, b: some TensorScalar) -> Tensor { call("gt.Scalar", a, b) }
  /// Truth values of the comparison, entry by entry.
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { call("ge.Tensor", a, b) }
  /// Truth values of the comparison, entry by entry.
  public static func .>= (a: Tensor, b: some TensorScalar) -> Tensor { call("ge.Scalar", a, b) }

  /// Whether shape and all entries are equal; NaN equals nothing.
  public func equal(_ other: Tensor) -> Bool {
    guard shape == other.shape, case .bool(let value) = callValue("equal", self, other) else { return false }
    return value
  }

  /// Whether all entries differ by at most `absolute + relative * |other|`.
  public func allClose(_ other: Tensor, relative: Double = 1e-5, absolute: Double = 1e-8, equalNaN: Bool = false)
    -> Bool
  {
    guard case .bool(let value) = callValue("allclose", self, other, relative, absolute, equalNaN) else { return false }
    return value
  }

  /// The magnitude of each entry.
  public func abs() -> Tensor { call("abs", self) }
  /// e to the power of each entry.
  public func exp() -> Tensor { call("exp", self) }
  /// The natural logarithm of each entry.
  public func log() -> Tensor { call("log", self) }
  /// The square root of each entry.
  public func sqrt() -> Tensor { call("sqrt", self) }
  /// Each entry to a power.
  public func pow(_ exponent: some TensorScalar) -> Tensor { call("pow.Tensor_Scalar", self, exponent) }
  /// Each entry rounded, half to even.
  public func round() -> Tensor { call("round", self) }
  /// Each entry held between the bounds.
  public func clamp(min: Double? = nil, max: Double? = nil) -> Tensor { call("clamp", self, min, max) }
  /// -1, 0 or 1 by the sign of each entry.
  public func sign() -> Tensor { call("sign", self) }
  /// True where an entry is NaN.
  public func isNaN() -> Tensor { call("isnan", self) }
  /// True where both are.
  public func logicalAnd(_ other: Tensor) -> Tensor { call("logical_and", self, other) }
  /// True where an entry is 0.
  public func logicalNot() -> Tensor { call("logical_not", self) }

  /// Matrix product, batched over leading dimensions.
  public func matmul(_ other: Tensor) -> Tensor { call("matmul", self, other) }
}

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
  public func add(inPlace other: Tensor, scale: Double = 1) -> Tensor {
    scale == 1
      ? call("add_.Tensor", self, other) : call("add_.Tensor", self, other, keywords: [("alpha", scale)])
  }
  /// Multiplies in place: `mul_`.
  @discardableResult
  public func multiply(inPlace other: Tensor) -> Tensor { call("mul_.Tensor", self, other) }
  /// Multiplies in place: `mul_`.
  @discardableResult
  public func multiply(inPlace factor: Double) -> Tensor { call("mul_.Tensor", self, factor) }
  /// Adds in place.
  public static func += (a: Tensor, b: Tensor) { a.add(inPlace: b) }
  /// Subtracts in place.
  public static func -= (a: Tensor, b: Tensor) { a.add(inPlace: b, scale: -1) }
  /// Multiplies in place.
  public static func *= (a: Tensor, b: Tensor) { a.multiply(inPlace: b) }
  /// Multiplies in place.
  public static func *= (a: Tensor, b: Double) { a.multiply(inPlace: b) }
}
