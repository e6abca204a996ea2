import Torch

/// What the batch normalisations share: each channel is brought to mean 0 and variance 1, then scaled by `weight` and
/// moved by `bias` (Ioffe & Szegedy 2015).
///
/// While training the batch's own mean and variance count, and the buffers `running_mean`, `running_var` and
/// `num_batches_tracked` move; in evaluation the running ones count.
open class BatchNorm: ChannelNorm {
  /// Ranks that the input may have.
  var ranks: ClosedRange<Int> { 2...5 }

  /// The normalised input.
  /// - Precondition: the input's rank, and more than one value for each channel while training.
  open override func forward(_ x: Tensor) -> Tensor {
    let shape = x.shape
    precondition(ranks.contains(shape.count), "\(Self.self): expected input of rank \(ranks), found shape \(shape)")
    precondition(
      !isTraining || shape[0] * shape.dropFirst(2).reduce(1, *) != 1,
      "\(Self.self): expected more than 1 value per channel when training, found input of shape \(shape)")
    var factor = momentum ?? 0
    if isTraining, let batches = self[optional: "num_batches_tracked"] {
      batches.addInPlace(1)
      if momentum == nil { factor = 1 / batches.item() }
    }
    let tracked = !isTraining || tracksRunningStats
    return batchNorm(
      x, weight: weight, bias: bias, runningMean: tracked ? runningMean : nil,
      runningVariance: tracked ? runningVariance : nil, training: isTraining || !tracksRunningStats, momentum: factor,
      epsilon: epsilon)
  }
}

/// Batch normalisation of input [N, C] or [N, C, L]: `torch.nn.BatchNorm1d`.
open class BatchNorm1d: BatchNorm {
  /// A layer with PyTorch's arguments; `weight` begins as 1, `bias` as 0.
  public override init(
    _ featureCount: Int, epsilon: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true,
    trackRunningStats: Bool = true, bias: Bool = true, device: Device = .cpu, dtype: DType = .float32
  ) {
    super.init(
      featureCount, epsilon: epsilon, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats,
      bias: bias, device: device, dtype: dtype)
  }

  override var ranks: ClosedRange<Int> { 2...3 }
}

/// Batch normalisation of input [N, C, H, W]: `torch.nn.BatchNorm2d`.
open class BatchNorm2d: BatchNorm {
  /// A layer with PyTorch's arguments; `weight` begins as 1, `bias` as 0.
  public override init(
    _ featureCount: Int, epsilon: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true,
    trackRunningStats: Bool = true, bias: Bool = true, device: Device = .cpu, dtype: DType = .float32
  ) {
    super.init(
      featureCount, epsilon: epsilon, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats,
      bias: bias, device: device, dtype: dtype)
  }

  override var ranks: ClosedRange<Int> { 4...4 }
}

/// Batch normalisation of input [N, C, D, H, W]: `torch.nn.BatchNorm3d`.
open class BatchNorm3d: BatchNorm {
  /// A layer with PyTorch's arguments; `weight` begins as 1, `bias` as 0.
  public override init(
    _ featureCount: Int, epsilon: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true,
    trackRunningStats: Bool = true, bias: Bool = true, device: Device = .cpu, dtype: DType = .float32
  ) {
    super.init(
      featureCount, epsilon: epsilon, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats,
      bias: bias, device: device, dtype: dtype)
  }

  override var ranks: ClosedRange<Int> { 5...5 }
}
