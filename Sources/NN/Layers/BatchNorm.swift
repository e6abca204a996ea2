import Torch

/// What the batch normalisations share: each channel is brought to mean 0 and variance 1, then scaled by `weight` and
/// moved by `bias` (Ioffe & Szegedy 2015).
///
/// While training the batch's own mean and variance count, and the buffers `running_mean`, `running_var` and
/// `num_batches_tracked` move; in evaluation the running ones count.
open class BatchNorm: Module {
  /// The number of channels.
  public final var featureCount: Int { (shape(of: "weight") ?? shape(of: "running_mean"))?[0] ?? initialCount }
  /// The number of channels of a layer without tensors.
  private let initialCount: Int
  /// What is added to the variance.
  public final let epsilon: Double
  /// The weight of a batch in the running mean and variance; nil for the plain mean over all batches.
  public final let momentum: Double?
  /// Whether the output is scaled.
  public final let isAffine: Bool
  /// Whether running mean and variance are kept.
  public final let tracksRunningStats: Bool

  init(
    _ featureCount: Int, epsilon: Double, momentum: Double?, affine: Bool, trackRunningStats: Bool, bias: Bool,
    device: Device, dtype: DType
  ) {
    initialCount = featureCount
    self.epsilon = epsilon
    self.momentum = momentum
    isAffine = affine
    tracksRunningStats = trackRunningStats
    super.init()
    let shape = [featureCount]
    if affine {
      registerParameter("weight", .ones(shape, dtype: dtype, device: device))
      if bias { registerParameter("bias", .zeros(shape, dtype: dtype, device: device)) }
    }
    if trackRunningStats {
      registerBuffer("running_mean", .zeros(shape, dtype: dtype, device: device))
      registerBuffer("running_var", .ones(shape, dtype: dtype, device: device))
      registerBuffer("num_batches_tracked", .zeros([], dtype: .int64, device: device))
    }
  }

  /// The factor of each channel as it takes part in the forward pass, [C].
  public final var weight: Tensor? { self[optional: "weight"] }
  /// What is added to each channel, as it takes part in the forward pass, [C].
  public final var bias: Tensor? { self[optional: "bias"] }
  /// The running mean of each channel, [C].
  public final var runningMean: Tensor? { self[optional: "running_mean"] }
  /// The running variance of each channel, [C].
  public final var runningVariance: Tensor? { self[optional: "running_var"] }

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

  /// The number of channels and all settings.
  open override var extraDescription: String {
    "\(featureCount), eps=\(epsilon), momentum=\(momentum.map { "\($0)" } ?? "None"), "
      + "affine=\(Python.text(isAffine)), bias=\(Python.text(bias != nil)), "
      + "track_running_stats=\(Python.text(tracksRunningStats))"
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
