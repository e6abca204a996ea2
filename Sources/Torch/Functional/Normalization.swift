/// Normalises over the last dimensions, of the given shape (Ba et al. 2016).
public func layerNorm(
  _ x: Tensor, _ shape: [Int], weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
) -> Tensor {
  call("layer_norm", x, shape, weight, bias, epsilon)
}

/// Divides by the root of the mean square over the last dimensions (Zhang & Sennrich 2019).
public func rmsNorm(_ x: Tensor, _ shape: [Int], weight: Tensor? = nil, epsilon: Double? = nil) -> Tensor {
  call("rms_norm", x, shape, weight, epsilon)
}

/// Normalises over groups of channels of x [N, C, ...] (Wu & He 2018).
public func groupNorm(
  _ x: Tensor, _ groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
) -> Tensor {
  call("group_norm", x, groups, weight, bias, epsilon)
}

/// Normalises each channel (Ioffe & Szegedy 2015); while training, with the batch's own mean and variance, and the
/// running ones are moved in place.
public func batchNorm(
  _ x: Tensor, weight: Tensor?, bias: Tensor?, runningMean: Tensor?, runningVariance: Tensor?, training: Bool,
  momentum: Double = 0.1, epsilon: Double = 1e-5
) -> Tensor {
  call("batch_norm", x, weight, bias, runningMean, runningVariance, training, momentum, epsilon, true)
}

/// x over its p-norm along `dim`, which counts as at least `epsilon`.
public func normalize(_ x: Tensor, p: Double = 2, dim: Int = 1, epsilon: Double = 1e-12) -> Tensor {
  x / x.vectorNorm(p, [dim], keepDim: true).clamp(min: epsilon)
}
