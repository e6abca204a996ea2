// What torch.nn.functional computes, as functions without state. Shapes: N batch, C channels, L, H, W lengths.

extension Tensor {
  /// max(x, 0).
  public func relu() -> Tensor { call("relu", self) }
  /// The Gaussian error linear unit (Hendrycks & Gimpel 2016), exact.
  public func gelu() -> Tensor { call("gelu", self) }
  /// 1 / (1 + e^-x).
  public func sigmoid() -> Tensor { call("sigmoid", self) }
  /// The hyperbolic tangent.
  public func tanh() -> Tensor { call("tanh", self) }
  /// e^x over its sum along `dim`.
  public func softmax(_ dim: Int) -> Tensor { call("softmax.int", self, dim) }
  /// The logarithm of the softmax.
  public func logSoftmax(_ dim: Int) -> Tensor { call("log_softmax.int", self, dim) }
}

/// max(x, 0).
public func relu(_ x: Tensor) -> Tensor { x.relu() }

/// x Wᵀ + b, with `weight` of shape [out, in].
public func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor { call("linear", x, weight, bias) }

/// Cross-correlation over one dimension: x [N, C, L], weight [out, C / groups, k].
public func conv1d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
  groups: Int = 1
) -> Tensor {
  call("conv1d", x, weight, bias, stride, padding, dilation, groups)
}

/// Cross-correlation over two dimensions: x [N, C, H, W], weight [out, C / groups, kH, kW].
public func conv2d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: [Int] = [1], padding: [Int] = [0],
  dilation: [Int] = [1], groups: Int = 1
) -> Tensor {
  call("conv2d", x, weight, bias, stride, padding, dilation, groups)
}

/// Cross-correlation over three dimensions: x [N, C, D, H, W], weight [out, C / groups, kD, kH, kW].
public func conv3d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: [Int] = [1], padding: [Int] = [0],
  dilation: [Int] = [1], groups: Int = 1
) -> Tensor {
  call("conv3d", x, weight, bias, stride, padding, dilation, groups)
}

/// The transpose of ``conv2d(_:_:_:stride:padding:dilation:groups:)``: x [N, C, H, W], weight [C, out / groups, kH, kW].
public func convTranspose2d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: [Int] = [1], padding: [Int] = [0],
  outputPadding: [Int] = [0], groups: Int = 1, dilation: [Int] = [1]
) -> Tensor {
  call("conv_transpose2d.input", x, weight, bias, stride, padding, outputPadding, groups, dilation)
}

/// The largest entry of each window of `size`; the step is the size where none is given.
public func maxPool2d(_ x: Tensor, _ size: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
  call("max_pool2d", x, size, stride ?? size, padding)
}

/// The mean of each window of `size`; the step is the size where none is given.
public func avgPool2d(_ x: Tensor, _ size: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
  call("avg_pool2d", x, size, stride ?? size, padding)
}

/// Zeroes each entry with probability `p` and scales the others by 1 / (1 - p), while training.
public func dropout(_ x: Tensor, p: Double = 0.5, training: Bool = true) -> Tensor { call("dropout", x, p, training) }

/// Rows of `weight` [entries, width] at the positions `indices`.
public func embedding(_ indices: Tensor, _ weight: Tensor) -> Tensor { call("embedding", weight, indices) }

/// Normalises over the last dimensions, of the given shape (Ba et al. 2016).
public func layerNorm(
  _ x: Tensor, _ shape: [Int], weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
) -> Tensor {
  call("layer_norm", x, shape, weight, bias, epsilon)
}

/// Normalises each channel (Ioffe & Szegedy 2015); while training, with the batch's own mean and variance, and the
/// running ones are moved in place.
public func batchNorm(
  _ x: Tensor, weight: Tensor?, bias: Tensor?, runningMean: Tensor?, runningVariance: Tensor?, training: Bool,
  momentum: Double = 0.1, epsilon: Double = 1e-5
) -> Tensor {
  call("batch_norm", x, weight, bias, runningMean, runningVariance, training, momentum, epsilon, true)
}

/// How a loss over a batch becomes one number.
public enum LossReduction: Int, Sendable {
  /// One number for each item.
  case none = 0
  /// Their mean.
  case mean = 1
  /// Their sum.
  case sum = 2
}

/// Softmax and negative log-likelihood: logits [N, classes] (or [N, classes, ...]) against class numbers, int64 [N].
public func crossEntropy(_ logits: Tensor, _ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
  call("cross_entropy_loss", logits, target, keywords: [("reduction", reduction.rawValue)])
}

/// Negative log-likelihood of log-probabilities [N, classes] against class numbers, int64 [N].
public func nllLoss(_ logProbabilities: Tensor, _ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
  call("nll_loss_nd", logProbabilities, target, keywords: [("reduction", reduction.rawValue)])
}

/// Squared differences.
public func mseLoss(_ x: Tensor, _ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
  call("mse_loss", x, target, reduction.rawValue)
}

/// Absolute differences.
public func l1Loss(_ x: Tensor, _ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
  call("l1_loss", x, target, reduction.rawValue)
}
