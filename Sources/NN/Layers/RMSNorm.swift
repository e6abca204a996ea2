import Torch

/// Divides by the root of the mean square over the last dimensions (Zhang & Sennrich 2019): `torch.nn.RMSNorm`.
///
/// Parameter `weight`, of the normalised shape.
open class RMSNorm: Module {
  /// The lengths of the dimensions that are normalised together.
  public final var normalizedShape: [Int] { shape(of: "weight") ?? initialShape }
  /// Those lengths of a layer without tensors.
  private let initialShape: [Int]
  /// What is added to the mean square; nil for the machine precision of the input's dtype.
  public final let epsilon: Double?
  /// Whether the output is scaled.
  public final let isElementwiseAffine: Bool

  /// A layer with PyTorch's arguments; `weight` begins as 1.
  public init(
    _ normalizedShape: some SpatialSize, epsilon: Double? = nil, elementwiseAffine: Bool = true,
    device: Device = .cpu, dtype: DType = .float32
  ) {
    initialShape = normalizedShape.lengths
    self.epsilon = epsilon
    isElementwiseAffine = elementwiseAffine
    super.init()
    if elementwiseAffine { registerParameter("weight", .ones(initialShape, dtype: dtype, device: device)) }
  }

  /// The factors as they take part in the forward pass, of the normalised shape.
  public final var weight: Tensor? { self[optional: "weight"] }

  /// The normalised input.
  open override func forward(_ x: Tensor) -> Tensor {
    rmsNorm(x, normalizedShape, weight: weight, epsilon: epsilon)
  }

  /// The shape and all settings.
  open override var extraDescription: String {
    "\(Python.tuple(normalizedShape)), eps=\(epsilon.map { "\($0)" } ?? "None"), "
      + "elementwise_affine=\(Python.text(isElementwiseAffine))"
  }
}
