// PyTorch's numbers for the same seed; without a generator, from the default one that ``manualSeed(_:)`` sets.

extension Tensor {
  /// Numbers drawn uniformly from [0, 1).
  public static func rand(
    _ shape: [Int], dtype: DType = .float32, device: Device = .cpu, generator: Generator? = nil
  ) -> Tensor {
    guard device == .cpu, dtype.isFloatingPoint, Recorder.current == nil else {
      return call("rand.generator", shape, keywords: [("generator", generator)] + placed(dtype, device))
    }
    return Tensor(shape: shape, dtype: dtype) { (generator ?? .default()).draw(into: $0, dtype: dtype) }
  }

  /// Numbers drawn from the normal distribution of mean 0 and standard deviation 1.
  public static func randn(
    _ shape: [Int], dtype: DType = .float32, device: Device = .cpu, generator: Generator? = nil
  ) -> Tensor {
    call("randn.generator", shape, keywords: [("generator", generator)] + placed(dtype, device))
  }

  /// Whole numbers drawn uniformly from `range`.
  public static func randint(
    _ range: Range<Int>, _ shape: [Int], dtype: DType = .int64, device: Device = .cpu, generator: Generator? = nil
  ) -> Tensor {
    call(
      "randint.low_generator", range.lowerBound, range.upperBound, shape,
      keywords: [("generator", generator)] + placed(dtype, device))
  }

  /// The numbers 0 ..< n in random order.
  public static func randperm(_ n: Int, generator: Generator? = nil) -> Tensor {
    call("randperm.generator", n, keywords: [("generator", generator)] + placed(.int64, .cpu))
  }

  /// Uniform draws of this tensor's shape, dtype and device: `rand_like`.
  public func randLike() -> Tensor {
    // Memory in another order is drawn in that order.
    guard device == .cpu, dtype.isFloatingPoint, isContiguous, Recorder.current == nil else {
      return call("rand_like", self)
    }
    return .rand(shape, dtype: dtype)
  }

  /// Normal draws of this tensor's shape, dtype and device: `randn_like`.
  public func randnLike() -> Tensor { call("randn_like", self) }

  /// 1 with the probability that each entry states, 0 otherwise.
  public func bernoulli(generator: Generator? = nil) -> Tensor {
    call("bernoulli", self, keywords: [("generator", generator)])
  }

  /// `count` positions along the last dimension, drawn with weights that the entries state; int64.
  public func multinomial(_ count: Int, replacement: Bool = false, generator: Generator? = nil) -> Tensor {
    call("multinomial", self, count, replacement, keywords: [("generator", generator)])
  }

  /// Overwrites the entries with uniform draws from [low, high): `uniform_`.
  @discardableResult
  public func uniform(_ low: Double, _ high: Double, generator: Generator? = nil) -> Tensor {
    guard low == 0, high == 1, device == .cpu, dtype.isFloatingPoint, isContiguous, !requiresGrad,
      Recorder.current == nil
    else {
      return call("uniform_", self, low, high, keywords: [("generator", generator)])
    }
    withUnsafeMutableBytes { (generator ?? .default()).draw(into: $0, dtype: dtype) }
    return self
  }

  /// Overwrites the entries with normal draws: `normal_`.
  @discardableResult
  public func normal(mean: Double = 0, std: Double = 1, generator: Generator? = nil) -> Tensor {
    call("normal_", self, mean, std, keywords: [("generator", generator)])
  }

  /// Overwrites the entries with 1 with probability `p`, 0 otherwise: `bernoulli_`.
  @discardableResult
  public func bernoulliInPlace(_ p: Double, generator: Generator? = nil) -> Tensor {
    call("bernoulli_.float", self, p, keywords: [("generator", generator)])
  }
}
