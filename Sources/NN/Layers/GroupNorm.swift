import Torch

/// Normalises over groups of channels (Wu & He 2018): `torch.nn.GroupNorm`. Input [N, C, ...].
///
/// Parameters `weight` and `bias`, both [C].
open class GroupNorm: Module {
  /// Into how many parts the channels fall that are normalised together. Where channels are taken out, set it together
  /// with the tensors.
  public final var groups: Int
  /// The number of channels.
  public final var channels: Int { shape(of: "weight")?[0] ?? initialCount }
  /// The number of channels of a layer without tensors.
  private let initialCount: Int
  /// What is added to the variance.
  public final let epsilon: Double
  /// Whether the output is scaled.
  public final let isAffine: Bool

  /// A layer with PyTorch's arguments; `weight` begins as 1, `bias` as 0.
  public init(
    _ groups: Int, _ channels: Int, epsilon: Double = 1e-5, affine: Bool = true, bias: Bool = true,
    device: Device = .cpu, dtype: DType = .float32
  ) {
    precondition(
      groups > 0 && channels % groups == 0, "GroupNorm: \(channels) channels must be divisible by \(groups) groups")
    self.groups = groups
    initialCount = channels
    self.epsilon = epsilon
    isAffine = affine
    super.init()
    if affine {
      registerParameter("weight", .ones([channels], dtype: dtype, device: device))
      if bias { registerParameter("bias", .zeros([channels], dtype: dtype, device: device)) }
    }
  }

  /// The factor of each channel as it takes part in the forward pass, [C].
  public final var weight: Tensor? { self[optional: "weight"] }
  /// What is added to each channel, as it takes part in the forward pass, [C].
  public final var bias: Tensor? { self[optional: "bias"] }

  /// The normalised input.
  open override func forward(_ x: Tensor) -> Tensor {
    groupNorm(x, groups, weight: weight, bias: bias, epsilon: epsilon)
  }

  /// The sizes and all settings.
  open override var extraDescription: String {
    "\(groups), \(channels), eps=\(epsilon), affine=\(Python.text(isAffine)), bias=\(Python.text(bias != nil))"
  }
}
