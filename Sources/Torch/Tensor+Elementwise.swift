extension Tensor {
  // Functions of each entry. Whole numbers become float32 where the result is not whole, as in PyTorch.

  /// The magnitude of each entry.
  public func abs() -> Tensor { call("abs", self) }
  /// -1, 0 or 1 by the sign of each entry.
  public func sign() -> Tensor { call("sign", self) }
  /// e to the power of each entry.
  public func exp() -> Tensor { call("exp", self) }
  /// 2 to the power of each entry.
  public func exp2() -> Tensor { call("exp2", self) }
  /// e^x - 1, exact also for small x.
  public func expm1() -> Tensor { call("expm1", self) }
  /// The natural logarithm of each entry.
  public func log() -> Tensor { call("log", self) }
  /// The logarithm to base 2.
  public func log2() -> Tensor { call("log2", self) }
  /// The logarithm to base 10.
  public func log10() -> Tensor { call("log10", self) }
  /// log(1 + x), exact also for small x.
  public func log1p() -> Tensor { call("log1p", self) }
  /// The square root of each entry.
  public func sqrt() -> Tensor { call("sqrt", self) }
  /// One over the square root.
  public func rsqrt() -> Tensor { call("rsqrt", self) }
  /// Each entry times itself.
  public func square() -> Tensor { call("square", self) }
  /// One over each entry.
  public func reciprocal() -> Tensor { call("reciprocal", self) }
  /// Each entry rounded down.
  public func floor() -> Tensor { call("floor", self) }
  /// Each entry rounded up.
  public func ceil() -> Tensor { call("ceil", self) }
  /// Each entry rounded, half to even.
  public func round() -> Tensor { call("round", self) }
  /// Each entry rounded towards zero.
  public func trunc() -> Tensor { call("trunc", self) }
  /// What `trunc` leaves.
  public func frac() -> Tensor { call("frac", self) }
  /// The sine.
  public func sin() -> Tensor { call("sin", self) }
  /// The cosine.
  public func cos() -> Tensor { call("cos", self) }
  /// The tangent.
  public func tan() -> Tensor { call("tan", self) }
  /// The arc sine.
  public func asin() -> Tensor { call("asin", self) }
  /// The arc cosine.
  public func acos() -> Tensor { call("acos", self) }
  /// The arc tangent.
  public func atan() -> Tensor { call("atan", self) }
  /// The hyperbolic sine.
  public func sinh() -> Tensor { call("sinh", self) }
  /// The hyperbolic cosine.
  public func cosh() -> Tensor { call("cosh", self) }
  /// The hyperbolic tangent.
  public func tanh() -> Tensor { call("tanh", self) }
  /// The error function.
  public func erf() -> Tensor { call("erf", self) }
  /// The inverse of the error function.
  public func erfinv() -> Tensor { call("erfinv", self) }
  /// The logarithm of the gamma function.
  public func lgamma() -> Tensor { call("lgamma", self) }

  /// Each entry rounded to `decimals` digits after the point, half to even.
  public func round(decimals: Int) -> Tensor { call("round.decimals", self, keywords: [("decimals", decimals)]) }
  /// The angle of (`other`, this) as a point of the plane.
  public func atan2(_ other: Tensor) -> Tensor { call("atan2", self, other) }
  /// The length of (this, `other`) as a vector of the plane.
  public func hypot(_ other: Tensor) -> Tensor { call("hypot", self, other) }
  /// The magnitude of this tensor with the sign of `other`.
  public func copySign(_ other: Tensor) -> Tensor { call("copysign.Tensor", self, other) }
  /// With numbers in the place of NaN and infinities; for infinities, the dtype's largest and smallest by default.
  public func nanToNum(nan: Double = 0, positive: Double? = nil, negative: Double? = nil) -> Tensor {
    call("nan_to_num", self, nan, positive, negative)
  }
}
