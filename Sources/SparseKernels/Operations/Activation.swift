import CKernels

/// What is done with the sums of a layer before they are stored.
public enum Activation: String, Sendable, Hashable, CaseIterable, Codable {
  /// Nothing.
  case identity
  /// x where it is above 0, otherwise 0; NaN stays. `torch.nn.functional.relu`.
  case relu
  /// x / (1 + exp(-x)), within 1e-6 of its size, and -0 below -88, where it is less than 1e-36. `torch.nn.functional.silu`.
  case silu
  /// x Φ(x) by the error function, within 3e-7 |x|. `torch.nn.functional.gelu` without an approximation.
  case gelu

  var kernel: bk_activation {
    switch self {
    case .identity: BK_IDENTITY
    case .relu: BK_RELU
    case .silu: BK_SILU
    case .gelu: BK_GELU
    }
  }
}
