import Torch

/// min(max(x, 0), 6): `torch.nn.ReLU6`.
open class ReLU6: Module {
  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { x.relu6() }
}

/// x held between two bounds: `torch.nn.Hardtanh`.
open class Hardtanh: Module {
  /// The lower bound.
  public final let minValue: Double
  /// The upper bound.
  public final let maxValue: Double

  /// The function, with PyTorch's arguments.
  public init(minValue: Double = -1, maxValue: Double = 1) {
    self.minValue = minValue
    self.maxValue = maxValue
  }

  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { x.hardTanh(minValue, maxValue) }

  /// What it was made with.
  open override var extraDescription: String { "min_val=\(minValue), max_val=\(maxValue)" }
}

/// The sigmoid in three straight pieces: `torch.nn.Hardsigmoid`.
open class Hardsigmoid: Module {
  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { x.hardSigmoid() }
}

/// x times its hard sigmoid (Howard et al. 2019): `torch.nn.Hardswish`.
open class Hardswish: Module {
  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { x.hardSwish() }
}

/// x where positive, alpha (e^x - 1) otherwise (Clevert et al. 2015): `torch.nn.ELU`.
open class ELU: Module {
  /// How far the negative side goes down.
  public final let alpha: Double

  /// The function, with PyTorch's arguments.
  public init(alpha: Double = 1) {
    self.alpha = alpha
  }

  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { x.elu(alpha) }

  /// What it was made with.
  open override var extraDescription: String { "alpha=\(alpha)" }
}

/// x where positive, alpha (e^(x / alpha) - 1) otherwise (Barron 2017): `torch.nn.CELU`.
open class CELU: Module {
  /// How far the negative side goes down.
  public final let alpha: Double

  /// The function, with PyTorch's arguments.
  public init(alpha: Double = 1) {
    self.alpha = alpha
  }

  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { call("celu", x, alpha) }

  /// What it was made with.
  open override var extraDescription: String { "alpha=\(alpha)" }
}

/// The self-normalising unit (Klambauer et al. 2017): `torch.nn.SELU`.
open class SELU: Module {
  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { x.selu() }
}

/// x where above the threshold, a constant otherwise: `torch.nn.Threshold`.
open class Threshold: Module {
  /// The threshold.
  public final let threshold: Double
  /// What stands elsewhere.
  public final let value: Double

  /// The function, with PyTorch's arguments.
  public init(_ threshold: Double, _ value: Double) {
    self.threshold = threshold
    self.value = value
  }

  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { call("threshold", x, threshold, value) }

  /// What it was made with.
  open override var extraDescription: String { "threshold=\(threshold), value=\(value)" }
}

/// x where positive, a slope times x otherwise, drawn for each entry while training (Xu et al. 2015): `torch.nn.RReLU`.
open class RReLU: Module {
  /// The smallest slope.
  public final let lower: Double
  /// The largest slope.
  public final let upper: Double

  /// The function, with PyTorch's arguments.
  public init(lower: Double = 1.0 / 8, upper: Double = 1.0 / 3) {
    self.lower = lower
    self.upper = upper
  }

  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { call("rrelu", x, lower, upper, isTraining) }

  /// What it was made with.
  open override var extraDescription: String { "lower=\(lower), upper=\(upper)" }
}
