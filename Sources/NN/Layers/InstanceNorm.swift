import Torch

/// What the instance normalisations share: each channel of each item is brought to mean 0 and variance 1 (Ulyanov et al.
/// 2016).
///
/// With running statistics, evaluation uses those in place of the item's own.
open class InstanceNorm: ChannelNorm {
  /// The rank of an input with a batch.
  private let rank: Int

  init(
    rank: Int, _ featureCount: Int, epsilon: Double, momentum: Double?, affine: Bool, trackRunningStats: Bool,
    bias: Bool, device: Device, dtype: DType
  ) {
    self.rank = rank
    super.init(
      featureCount, epsilon: epsilon, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats,
      bias: bias, device: device, dtype: dtype)
  }

  /// The normalised input.
  /// - Precondition: the input's rank, or one less for one without a batch.
  open override func forward(_ x: Tensor) -> Tensor {
    let shape = x.shape
    precondition(
      shape.count == rank || shape.count == rank - 1,
      "\(Self.self): expected input of rank \(rank - 1) or \(rank), found shape \(shape)")
    guard shape.count == rank else { return normalized(x.unsqueeze(0)).squeeze(0) }
    return normalized(x)
  }

  private final func normalized(_ x: Tensor) -> Tensor {
    call(
      "instance_norm", x, weight, bias, runningMean, runningVariance, isTraining || !tracksRunningStats, momentum ?? 0,
      epsilon, true)
  }
}

/// Instance normalisation of input [N, C, L]: `torch.nn.InstanceNorm1d`.
open class InstanceNorm1d: InstanceNorm {
  /// A layer with PyTorch's arguments; `weight` begins as 1, `bias` as 0.
  public init(
    _ featureCount: Int, epsilon: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = false,
    trackRunningStats: Bool = false, bias: Bool = true, device: Device = .cpu, dtype: DType = .float32
  ) {
    super.init(
      rank: 3, featureCount, epsilon: epsilon, momentum: momentum, affine: affine,
      trackRunningStats: trackRunningStats, bias: bias, device: device, dtype: dtype)
  }
}

/// Instance normalisation of input [N, C, H, W]: `torch.nn.InstanceNorm2d`.
open class InstanceNorm2d: InstanceNorm {
  /// A layer with PyTorch's arguments; `weight` begins as 1, `bias` as 0.
  public init(
    _ featureCount: Int, epsilon: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = false,
    trackRunningStats: Bool = false, bias: Bool = true, device: Device = .cpu, dtype: DType = .float32
  ) {
    super.init(
      rank: 4, featureCount, epsilon: epsilon, momentum: momentum, affine: affine,
      trackRunningStats: trackRunningStats, bias: bias, device: device, dtype: dtype)
  }
}

/// Instance normalisation of input [N, C, D, H, W]: `torch.nn.InstanceNorm3d`.
open class InstanceNorm3d: InstanceNorm {
  /// A layer with PyTorch's arguments; `weight` begins as 1, `bias` as 0.
  public init(
    _ featureCount: Int, epsilon: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = false,
    trackRunningStats: Bool = false, bias: Bool = true, device: Device = .cpu, dtype: DType = .float32
  ) {
    super.init(
      rank: 5, featureCount, epsilon: epsilon, momentum: momentum, affine: affine,
      trackRunningStats: trackRunningStats, bias: bias, device: device, dtype: dtype)
  }
}
