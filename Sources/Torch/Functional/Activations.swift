// What torch.nn.functional computes from each entry alone, or along one dimension.

extension Tensor {
  /// max(x, 0).
  public func relu() -> Tensor { call("relu", self) }
  /// min(max(x, 0), 6).
  public func relu6() -> Tensor { call("relu6", self) }
  /// x times its sigmoid (Elfwing et al. 2017), also called swish.
  public func silu() -> Tensor { call("silu", self) }
  /// x tanh(softplus(x)) (Misra 2019).
  public func mish() -> Tensor { call("mish", self) }
  /// The self-normalising unit (Klambauer et al. 2017).
  public func selu() -> Tensor { call("selu", self) }
  /// 1 / (1 + e^-x).
  public func sigmoid() -> Tensor { call("sigmoid", self) }
  /// The logarithm of the sigmoid.
  public func logSigmoid() -> Tensor { call("log_sigmoid", self) }
  /// The sigmoid in three straight pieces.
  public func hardSigmoid() -> Tensor { call("hardsigmoid", self) }
  /// x times its hard sigmoid (Howard et al. 2019).
  public func hardSwish() -> Tensor { call("hardswish", self) }
  /// The Gaussian error linear unit (Hendrycks & Gimpel 2016), exact.
  public func gelu() -> Tensor { call("gelu", self) }
  /// The Gaussian error linear unit; `"tanh"` approximates it.
  public func gelu(approximate: String) -> Tensor { call("gelu", self, keywords: [("approximate", approximate)]) }
  /// x for positive x, `slope * x` otherwise.
  public func leakyRelu(_ slope: Double = 0.01) -> Tensor { call("leaky_relu", self, slope) }
  /// x for positive x, `alpha * (e^x - 1)` otherwise (Clevert et al. 2015).
  public func elu(_ alpha: Double = 1) -> Tensor { call("elu", self, alpha) }
  /// x for positive x, `weight * x` otherwise; one weight, or one for each channel.
  public func prelu(_ weight: Tensor) -> Tensor { call("prelu", self, weight) }
  /// log(1 + e^(beta x)) / beta; x itself above `threshold / beta`.
  public func softplus(beta: Double = 1, threshold: Double = 20) -> Tensor { call("softplus", self, beta, threshold) }
  /// x held between the bounds.
  public func hardTanh(_ low: Double = -1, _ high: Double = 1) -> Tensor { call("hardtanh", self, low, high) }
  /// The first half along `dim` times the sigmoid of the second (Dauphin et al. 2016).
  public func glu(_ dim: Int = -1) -> Tensor { call("glu", self, dim) }
  /// e^x over its sum along `dim`.
  public func softmax(_ dim: Int) -> Tensor { call("softmax.int", self, dim) }
  /// The logarithm of the softmax.
  public func logSoftmax(_ dim: Int) -> Tensor { call("log_softmax.int", self, dim) }
}

/// max(x, 0).
public func relu(_ x: Tensor) -> Tensor { x.relu() }

/// Zeroes each entry with probability `p` and scales the others by 1 / (1 - p), while training.
public func dropout(_ x: Tensor, p: Double = 0.5, training: Bool = true) -> Tensor { call("dropout", x, p, training) }
