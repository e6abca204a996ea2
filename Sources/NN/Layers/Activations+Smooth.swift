import Torch

/// x tanh(softplus(x)) (Misra 2019): `torch.nn.Mish`.
open class Mish: Module {
  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { x.mish() }
}

/// The first half along a dimension times the sigmoid of the second (Dauphin et al. 2016): `torch.nn.GLU`.
open class GLU: Module {
  /// The dimension that is halved.
  public final let dim: Int

  /// The function, with PyTorch's arguments.
  public init(_ dim: Int = -1) {
    self.dim = dim
  }

  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { x.glu(dim) }

  /// What it was made with.
  open override var extraDescription: String { "dim=\(dim)" }
}

/// The logarithm of the sigmoid: `torch.nn.LogSigmoid`.
open class LogSigmoid: Module {
  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { x.logSigmoid() }
}

/// log(1 + e^(beta x)) / beta, x itself above the threshold: `torch.nn.Softplus`.
open class Softplus: Module {
  /// How sharp the bend is.
  public final let beta: Double
  /// The beta x above which it is straight.
  public final let threshold: Double

  /// The function, with PyTorch's arguments.
  public init(beta: Double = 1, threshold: Double = 20) {
    self.beta = beta
    self.threshold = threshold
  }

  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { x.softplus(beta: beta, threshold: threshold) }

  /// What it was made with.
  open override var extraDescription: String { "beta=\(beta), threshold=\(threshold)" }
}

/// x / (1 + |x|): `torch.nn.Softsign`.
open class Softsign: Module {
  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { x / (x.abs() + 1) }
}

/// x where beyond ±lambda, 0 otherwise: `torch.nn.Hardshrink`.
open class Hardshrink: Module {
  /// The bound.
  public final let lambda: Double

  /// The function, with PyTorch's arguments.
  public init(_ lambda: Double = 0.5) {
    self.lambda = lambda
  }

  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { call("hardshrink", x, lambda) }

  /// What it was made with.
  open override var extraDescription: String { "\(lambda)" }
}

/// x moved to 0 by lambda: `torch.nn.Softshrink`.
open class Softshrink: Module {
  /// How far.
  public final let lambda: Double

  /// The function, with PyTorch's arguments.
  public init(_ lambda: Double = 0.5) {
    self.lambda = lambda
  }

  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { call("softshrink", x, lambda) }

  /// What it was made with.
  open override var extraDescription: String { "\(lambda)" }
}

/// x - tanh x: `torch.nn.Tanhshrink`.
open class Tanhshrink: Module {
  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { x - x.tanh() }
}

/// e^-x over its sum along a dimension: `torch.nn.Softmin`.
open class Softmin: Module {
  /// The dimension along which the output sums up to 1.
  public final let dim: Int

  /// The function, with PyTorch's arguments.
  public init(_ dim: Int) {
    self.dim = dim
  }

  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { (-x).softmax(dim) }

  /// What it was made with.
  open override var extraDescription: String { "dim=\(dim)" }
}

/// The softmax over the channels at each place of [N, C, H, W]: `torch.nn.Softmax2d`.
open class Softmax2d: Module {
  /// The function of each entry.
  open override func forward(_ x: Tensor) -> Tensor { x.softmax(-3) }
}
