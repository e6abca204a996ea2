import Torch

/// What normalisations by channel share: each channel is brought to mean 0 and variance 1, then scaled by `weight` and
/// moved by `bias`; buffers `running_mean`, `running_var` and `num_batches_tracked`. `torch.nn.modules.batchnorm._NormBase`.
open class ChannelNorm: Module {
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

  /// The number of channels and all settings.
  open override var extraDescription: String {
    "\(featureCount), eps=\(epsilon), momentum=\(momentum.map { "\($0)" } ?? "None"), "
      + "affine=\(Python.text(isAffine)), bias=\(Python.text(bias != nil)), "
      + "track_running_stats=\(Python.text(tracksRunningStats))"
  }
}
