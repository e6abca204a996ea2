import Torch

/// x₁ᵀ A x₂ + b: `torch.nn.Bilinear`.
///
/// Inputs [..., in1] and [..., in2], output [..., out]; parameters `weight` [out, in1, in2] and `bias` [out].
open class Bilinear: Module {
  /// The length of the first input's last dimension.
  public final var in1Features: Int { length(of: "weight", 1) }
  /// The length of the second input's last dimension.
  public final var in2Features: Int { length(of: "weight", 2) }
  /// The length of the output's last dimension.
  public final var outFeatures: Int { length(of: "weight", 0) }

  /// A layer with PyTorch's initial values: both parameters uniform within ±1 / √in1.
  public init(
    _ in1Features: Int, _ in2Features: Int, _ outFeatures: Int, bias: Bool = true, device: Device = .cpu,
    dtype: DType = .float32
  ) {
    precondition(in1Features > 0, "Bilinear: the first input needs a length above 0, found \(in1Features)")
    super.init()
    registerParameter("weight", .empty([outFeatures, in1Features, in2Features], dtype: dtype, device: device))
    if bias { registerParameter("bias", .empty([outFeatures], dtype: dtype, device: device)) }
    let bound = 1 / Double(in1Features).squareRoot()
    for parameter in slots.values.compactMap(\.parameter) { Init.uniform(parameter, -bound, bound) }
  }

  /// The weight as it takes part in the forward pass, [out, in1, in2].
  public final var weight: Tensor { self["weight"] }
  /// The bias as it takes part in the forward pass, [out].
  public final var bias: Tensor? { self[optional: "bias"] }

  /// The layer applied to two inputs, after the hooks, which see both.
  public final func callAsFunction(_ x1: Tensor, _ x2: Tensor) -> Tensor {
    withForwardPreHooks([x1, x2]) { call("bilinear", $0[0], $0[1], weight, bias) }
  }

  /// Sizes and whether there is a bias.
  open override var extraDescription: String {
    "in1_features=\(in1Features), in2_features=\(in2Features), out_features=\(outFeatures), "
      + "bias=\(Python.text(bias != nil))"
  }
}
