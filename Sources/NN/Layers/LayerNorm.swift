import Torch

/// Normalises over the last dimensions (Ba et al. 2016): `torch.nn.LayerNorm`.
///
/// Parameters `weight` and `bias`, both of the normalised shape.
open class LayerNorm: Module {
  /// The lengths of the dimensions that are normalised together.
  public final var normalizedShape: [Int] { shape(of: "weight") ?? initialShape }
  /// Those lengths of a layer without tensors.
  private let initialShape: [Int]
  /// What is added to the variance.
  public final let epsilon: Double
  /// Whether the output is scaled.
  public final let isElementwiseAffine: Bool

  /// A layer with PyTorch's arguments; `weight` begins as 1, `bias` as 0.
  public init(
    _ normalizedShape: some SpatialSize, epsilon: Double = 1e-5, elementwiseAffine: Bool = true, bias: Bool = true,
    device: Device = .cpu, dtype: DType = .float32
  ) {
    let shape = normalizedShape.lengths
    initialShape = shape
    self.epsilon = epsilon
    isElementwiseAffine = elementwiseAffine
    super.init()
    if elementwiseAffine {
      registerParameter("weight", .ones(shape, dtype: dtype, device: device))
      if bias { registerParameter("bias", .zeros(shape, dtype: dtype, device: device)) }
    }
  }

  /// The factors as they take part in the forward pass, of the normalised shape.
  public final var weight: Tensor? { self[optional: "weight"] }
  /// What is added, as it takes part in the forward pass, of the normalised shape.
  public final var bias: Tensor? { self[optional: "bias"] }

  /// The normalised input.
  open override func forward(_ x: Tensor) -> Tensor {
    layerNorm(x, normalizedShape, weight: weight, bias: bias, epsilon: epsilon)
  }

  /// The shape and all settings.
  open override var extraDescription: String {
    "\(Python.tuple(normalizedShape)), eps=\(epsilon), elementwise_affine=\(Python.text(isElementwiseAffine)), "
      + "bias=\(Python.text(bias != nil))"
  }
}
