import Torch

/// x Wᵀ + b: `torch.nn.Linear`.
///
/// Input [..., in], output [..., out]; parameters `weight` [out, in] and `bias` [out].
open class Linear: Module {
  /// The length of the input's last dimension.
  public final var inFeatures: Int { length(of: "weight", 1) }
  /// The length of the output's last dimension.
  public final var outFeatures: Int { length(of: "weight", 0) }

  /// A layer with PyTorch's initial values: both parameters uniform within ±1 / √in.
  public init(
    _ inFeatures: Int, _ outFeatures: Int, bias: Bool = true, device: Device = .cpu, dtype: DType = .float32
  ) {
    precondition(inFeatures >= 0 && outFeatures >= 0, "Linear: negative sizes (\(inFeatures), \(outFeatures))")
    super.init()
    registerParameter("weight", .empty([outFeatures, inFeatures], dtype: dtype, device: device))
    if bias { registerParameter("bias", .empty([outFeatures], dtype: dtype, device: device)) }
    drawWeightAndBias()
  }

  /// The weight as it takes part in the forward pass, [out, in].
  public final var weight: Tensor { self["weight"] }
  /// The bias as it takes part in the forward pass, [out].
  public final var bias: Tensor? { self[optional: "bias"] }

  /// x Wᵀ + b.
  open override func forward(_ x: Tensor) -> Tensor { substituted(x) ?? linear(x, weight, bias) }

  /// Sizes and whether there is a bias.
  open override var extraDescription: String {
    "in_features=\(inFeatures), out_features=\(outFeatures), bias=\(Python.text(bias != nil))"
  }
}

extension Module {
  /// The initial values of linear and convolutional layers: `weight` from He's uniform distribution for a slope of √5,
  /// which bounds it by 1 / √(fan in), then `bias` within the same bound.
  final func drawWeightAndBias() {
    let weight = self["weight"]
    Init.kaimingUniform(weight, a: (5.0).squareRoot())
    if let bias = self[optional: "bias"] {
      let fan = Init.fans(weight).in
      let bound = fan > 0 ? 1 / Double(fan).squareRoot() : 0
      Init.uniform(bias, 0 - bound, bound)  // 0, not -0, without inputs
    }
  }
}
