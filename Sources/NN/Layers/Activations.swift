import Torch

/// max(x, 0): `torch.nn.ReLU`.
open class ReLU: Module {
  /// max(x, 0).
  open override func forward(_ x: Tensor) -> Tensor { x.relu() }
}

/// max(x, slope x): `torch.nn.LeakyReLU`.
open class LeakyReLU: Module {
  /// The slope on the negative side.
  public final let negativeSlope: Double

  /// A leaky rectifier of that slope.
  public init(_ negativeSlope: Double = 0.01) { self.negativeSlope = negativeSlope }

  /// max(x, slope x).
  open override func forward(_ x: Tensor) -> Tensor { x.leakyRelu(negativeSlope) }

  /// The slope.
  open override var extraDescription: String { "negative_slope=\(negativeSlope)" }
}

/// max(x, a x) with a slope that is trained (He et al. 2015): `torch.nn.PReLU`. Parameter `weight`.
open class PReLU: Module {
  /// 1, or the number of channels, each with a slope of its own.
  public final var slopeCount: Int { length(of: "weight", 0) }

  /// A rectifier with `parameters` slopes that begin as `initial`.
  public init(_ parameters: Int = 1, initial: Double = 0.25, device: Device = .cpu, dtype: DType = .float32) {
    super.init()
    registerParameter("weight", .full([parameters], initial, dtype: dtype, device: device))
  }

  /// The slopes as they take part in the forward pass.
  public final var weight: Tensor { self["weight"] }

  /// max(x, a x).
  open override func forward(_ x: Tensor) -> Tensor { x.prelu(weight) }

  /// The number of slopes.
  open override var extraDescription: String { "num_parameters=\(slopeCount)" }
}

/// x Φ(x), the Gaussian error linear unit (Hendrycks & Gimpel 2016): `torch.nn.GELU`.
open class GELU: Module {
  /// How Φ is computed.
  public enum Approximation: String, Sendable {
    /// Exactly.
    case none
    /// By a hyperbolic tangent.
    case tanh
  }

  /// How Φ is computed.
  public final let approximate: Approximation

  /// The unit, exact where nothing else is said.
  public init(approximate: Approximation = .none) { self.approximate = approximate }

  /// x Φ(x).
  open override func forward(_ x: Tensor) -> Tensor {
    x.gelu(approximate: approximate.rawValue)
  }

  /// How Φ is computed.
  open override var extraDescription: String { "approximate='\(approximate.rawValue)'" }
}

/// x / (1 + e^-x): `torch.nn.SiLU`.
open class SiLU: Module {
  /// x / (1 + e^-x).
  open override func forward(_ x: Tensor) -> Tensor { x.silu() }
}

/// The hyperbolic tangent: `torch.nn.Tanh`.
open class Tanh: Module {
  /// tanh x.
  open override func forward(_ x: Tensor) -> Tensor { x.tanh() }
}

/// 1 / (1 + e^-x): `torch.nn.Sigmoid`.
open class Sigmoid: Module {
  /// 1 / (1 + e^-x).
  open override func forward(_ x: Tensor) -> Tensor { x.sigmoid() }
}

/// e^x over its sum along a dimension: `torch.nn.Softmax`.
open class Softmax: Module {
  /// The dimension along which the output sums up to 1.
  public final let dim: Int

  /// A softmax along `dim`.
  public init(_ dim: Int) { self.dim = dim }

  /// e^x over its sum.
  open override func forward(_ x: Tensor) -> Tensor { x.softmax(dim) }

  /// The dimension.
  open override var extraDescription: String { "dim=\(dim)" }
}

/// The logarithm of the softmax: `torch.nn.LogSoftmax`.
open class LogSoftmax: Softmax {
  /// The logarithm of e^x over its sum.
  open override func forward(_ x: Tensor) -> Tensor { x.logSoftmax(dim) }
}
