/// What a criterion needs beside the weights: for each entry of a weight one number, which training or calibration gives.
public enum Evidence: String, Sendable, Hashable, CaseIterable {
  /// Nothing: it works on files, too.
  case none
  /// The mean over batches of the gradient of the loss.
  case gradients
  /// The mean over batches of the square of that gradient: the diagonal of the empirical Fisher information.
  case squaredGradients = "squared gradients"
  /// The sum over steps of -w · ∂L/∂w: how far training moves an entry away from 0.
  case movement
  /// The L2 norm over all samples of the input that an entry is multiplied by.
  case activations
  /// The mean over all samples of the magnitude of the input that an entry is multiplied by.
  case activationMeans = "mean activations"
  /// The sums over all samples of x xᵀ, with x the inputs that an output is computed from: one matrix for each group of
  /// outputs that see the same inputs, in place of a number for each entry.
  case inputProducts = "products of inputs"
  /// The Hessian of the loss times its gradient.
  case hessianGradients = "products of Hessian and gradient"
  /// The gradient of the sum of the outputs where every tensor is its magnitude and all inputs are 1.
  case synapticFlow = "synaptic flow"

  /// Whether hooks gather it, for layers whose inputs can be told apart, on batches without labels.
  public var isOfInputs: Bool {
    switch self {
    case .activations, .activationMeans, .inputProducts: true
    default: false
    }
  }

  /// Whether gradients by the weights say it, of which a frozen weight has none.
  public var isOfGradients: Bool {
    switch self {
    case .gradients, .squaredGradients, .movement, .hessianGradients, .synapticFlow: true
    case .none, .activations, .activationMeans, .inputProducts: false
    }
  }
}

/// What has been gathered of one kind of ``Evidence``, for each weight of a plan by its number.
public typealias EvidenceValues = (Int) throws -> [Double]
