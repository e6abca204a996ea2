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
}

/// What has been gathered of one kind of ``Evidence``, for each weight of a plan by its number.
public typealias EvidenceValues = (Int) throws -> [Double]
