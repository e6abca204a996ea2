import Torch

/// Initial values: `torch.nn.init`. Every function overwrites its tensor, records no gradient, draws the numbers that
/// PyTorch draws, and returns the same tensor.
public enum Init {
  /// Which side of a layer keeps its variance.
  public enum FanMode: Sendable {
    /// The forward pass.
    case fanIn
    /// The backward pass.
    case fanOut
  }

  /// What follows the layer, for ``gain(_:slope:)``.
  public enum Nonlinearity: Sendable {
    /// Nothing.
    case linear
    /// 1 / (1 + e^-x).
    case sigmoid
    /// The hyperbolic tangent.
    case tanh
    /// max(x, 0).
    case relu
    /// max(x, slope x).
    case leakyReLU
    /// The scaled exponential linear unit.
    case selu
  }

  /// The factor on the standard deviation that a nonlinearity asks for: `calculate_gain`.
  /// - Parameters:
  ///   - nonlinearity: What follows the layer.
  ///   - slope: Of the leaky rectifier on the negative side.
  public static func gain(_ nonlinearity: Nonlinearity, slope: Double = 0.01) -> Double {
    switch nonlinearity {
    case .linear, .sigmoid: 1
    case .tanh: 5.0 / 3
    case .relu: (2.0).squareRoot()
    case .leakyReLU: (2 / (1 + slope * slope)).squareRoot()
    case .selu: 3.0 / 4
    }
  }

  /// The number of inputs and of outputs of one unit: entries along dimension 1 and along dimension 0, times the
  /// kernel's.
  /// - Precondition: at least two dimensions.
  public static func fans(_ tensor: Tensor) -> (in: Int, out: Int) {
    let shape = tensor.shape
    precondition(shape.count >= 2, "fan in and fan out need at least 2 dimensions, found shape \(shape)")
    let field = shape.dropFirst(2).reduce(1, *)
    return (shape[1] * field, shape[0] * field)
  }

  /// Draws from [low, high): `uniform_`.
  @discardableResult
  public static func uniform(
    _ tensor: Tensor, _ low: Double = 0, _ high: Double = 1, generator: Generator? = nil
  ) -> Tensor {
    noGrad { tensor.uniform(low, high, generator: generator) }
  }

  /// Draws from the normal distribution: `normal_`.
  @discardableResult
  public static func normal(
    _ tensor: Tensor, mean: Double = 0, std: Double = 1, generator: Generator? = nil
  ) -> Tensor {
    noGrad { tensor.normal(mean: mean, std: std, generator: generator) }
  }

  /// One number everywhere: `constant_`.
  @discardableResult
  public static func constant(_ tensor: Tensor, _ value: Double) -> Tensor { noGrad { tensor.fill(value) } }

  /// 1 everywhere: `ones_`.
  @discardableResult
  public static func ones(_ tensor: Tensor) -> Tensor { constant(tensor, 1) }

  /// 0 everywhere: `zeros_`.
  @discardableResult
  public static func zeros(_ tensor: Tensor) -> Tensor { noGrad { tensor.zero() } }

  /// Xavier's uniform distribution (Glorot & Bengio 2010), of bound gain √(6 / (fan in + fan out)): `xavier_uniform_`.
  @discardableResult
  public static func xavierUniform(_ tensor: Tensor, gain: Double = 1, generator: Generator? = nil) -> Tensor {
    let fans = fans(tensor)
    let bound = (3.0).squareRoot() * (gain * (2 / Double(fans.in + fans.out)).squareRoot())
    return uniform(tensor, -bound, bound, generator: generator)
  }

  /// Xavier's normal distribution (Glorot & Bengio 2010): `xavier_normal_`.
  @discardableResult
  public static func xavierNormal(_ tensor: Tensor, gain: Double = 1, generator: Generator? = nil) -> Tensor {
    let fans = fans(tensor)
    return normal(tensor, std: gain * (2 / Double(fans.in + fans.out)).squareRoot(), generator: generator)
  }

  /// He's uniform distribution (He et al. 2015), of bound gain √(3 / fan): `kaiming_uniform_`. A tensor without entries
  /// stays as it is.
  /// - Parameters:
  ///   - tensor: What is filled.
  ///   - a: The slope of the leaky rectifier that follows, used for `.leakyReLU` only.
  ///   - mode: Which fan counts.
  ///   - nonlinearity: What follows the layer.
  ///   - generator: Where the numbers come from; the default generator where it is nil.
  @discardableResult
  public static func kaimingUniform(
    _ tensor: Tensor, a: Double = 0, mode: FanMode = .fanIn, nonlinearity: Nonlinearity = .leakyReLU,
    generator: Generator? = nil
  ) -> Tensor {
    guard tensor.count > 0 else { return tensor }
    let bound = (3.0).squareRoot() * kaimingDeviation(tensor, a, mode, nonlinearity)
    return uniform(tensor, -bound, bound, generator: generator)
  }

  /// He's normal distribution (He et al. 2015): `kaiming_normal_`. A tensor without entries stays as it is.
  @discardableResult
  public static func kaimingNormal(
    _ tensor: Tensor, a: Double = 0, mode: FanMode = .fanIn, nonlinearity: Nonlinearity = .leakyReLU,
    generator: Generator? = nil
  ) -> Tensor {
    guard tensor.count > 0 else { return tensor }
    return normal(tensor, std: kaimingDeviation(tensor, a, mode, nonlinearity), generator: generator)
  }

  private static func kaimingDeviation(
    _ tensor: Tensor, _ a: Double, _ mode: FanMode, _ nonlinearity: Nonlinearity
  ) -> Double {
    let fans = fans(tensor)
    return gain(nonlinearity, slope: a) / Double(mode == .fanIn ? fans.in : fans.out).squareRoot()
  }
}
