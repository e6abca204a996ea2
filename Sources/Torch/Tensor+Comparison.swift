extension Tensor {
  // Truth values, entry by entry. NaN equals nothing and is neither smaller nor larger than anything.

  /// Where the entries are equal.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { call("eq.Tensor", a, b) }
  /// Where the entries are equal.
  public static func .== (a: Tensor, b: some TensorScalar) -> Tensor { call("eq.Scalar", a, b) }
  /// Where the entries differ.
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { call("ne.Tensor", a, b) }
  /// Where the entries differ.
  public static func .!= (a: Tensor, b: some TensorScalar) -> Tensor { call("ne.Scalar", a, b) }
  /// Where the left entry is smaller.
  public static func .< (a: Tensor, b: Tensor) -> Tensor { call("lt.Tensor", a, b) }
  /// Where the left entry is smaller.
  public static func .< (a: Tensor, b: some TensorScalar) -> Tensor { call("lt.Scalar", a, b) }
  /// Where the left entry is not larger.
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { call("le.Tensor", a, b) }
  /// Where the left entry is not larger.
  public static func .<= (a: Tensor, b: some TensorScalar) -> Tensor { call("le.Scalar", a, b) }
  /// Where the left entry is larger.
  public static func .> (a: Tensor, b: Tensor) -> Tensor { call("gt.Tensor", a, b) }
  /// Where the left entry is larger.
  public static func .> (a: Tensor, b: some TensorScalar) -> Tensor { call("gt.Scalar", a, b) }
  /// Where the left entry is not smaller.
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { call("ge.Tensor", a, b) }
  /// Where the left entry is not smaller.
  public static func .>= (a: Tensor, b: some TensorScalar) -> Tensor { call("ge.Scalar", a, b) }

  /// True where both are other than 0.
  public func logicalAnd(_ other: Tensor) -> Tensor { call("logical_and", self, other) }
  /// True where either is other than 0.
  public func logicalOr(_ other: Tensor) -> Tensor { call("logical_or", self, other) }
  /// True where exactly one is other than 0.
  public func logicalXor(_ other: Tensor) -> Tensor { call("logical_xor", self, other) }
  /// True where an entry is 0.
  public func logicalNot() -> Tensor { call("logical_not", self) }

  /// True where an entry is NaN.
  public func isNaN() -> Tensor { call("isnan", self) }
  /// True where an entry is infinite.
  public func isInf() -> Tensor { call("isinf", self) }
  /// True where an entry is neither infinite nor NaN.
  public func isFinite() -> Tensor { call("isfinite", self) }
  /// True where an entry occurs in `elements`.
  public func isIn(_ elements: Tensor) -> Tensor { call("isin.Tensor_Tensor", self, elements) }
  /// True where entries differ by at most `absolute + relative * |other|`.
  public func isClose(
    _ other: Tensor, relative: Double = 1e-5, absolute: Double = 1e-8, equalNaN: Bool = false
  ) -> Tensor {
    call("isclose", self, other, relative, absolute, equalNaN)
  }

  /// Whether shape and all entries are equal; NaN equals nothing.
  public func equal(_ other: Tensor) -> Bool {
    guard shape == other.shape, case .bool(let value) = callValue("equal", self, other) else { return false }
    return value
  }

  /// Whether all entries differ by at most `absolute + relative * |other|`.
  public func allClose(
    _ other: Tensor, relative: Double = 1e-5, absolute: Double = 1e-8, equalNaN: Bool = false
  ) -> Bool {
    guard case .bool(let value) = callValue("allclose", self, other, relative, absolute, equalNaN) else { return false }
    return value
  }

  /// The larger entry of both; NaN where either is.
  public func maximum(_ other: Tensor) -> Tensor { call("maximum", self, other) }
  /// The smaller entry of both; NaN where either is.
  public func minimum(_ other: Tensor) -> Tensor { call("minimum", self, other) }
  /// Each entry held between the bounds.
  public func clamp(min: Double? = nil, max: Double? = nil) -> Tensor { call("clamp", self, min, max) }
  /// Each entry held between the entries of the bounds.
  public func clamp(min: Tensor, max: Tensor) -> Tensor { call("clamp.Tensor", self, min, max) }

  /// This tensor's entry where `condition` is true, that of `other` elsewhere.
  public func `where`(_ condition: Tensor, else other: Tensor) -> Tensor { call("where.self", condition, self, other) }
  /// This tensor's entry where `condition` is true, the number elsewhere.
  public func `where`(_ condition: Tensor, else other: some TensorScalar) -> Tensor {
    call("where.ScalarOther", condition, self, other)
  }
  /// One number where `condition` is true, the other elsewhere; float32 for real numbers, int64 for whole ones.
  public static func `where`(_ condition: Tensor, _ a: some TensorScalar, else b: some TensorScalar) -> Tensor {
    call("where.Scalar", condition, a, b)
  }
}
