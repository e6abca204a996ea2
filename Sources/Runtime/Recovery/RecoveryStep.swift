/// A step of recovery, in order of cost.
public enum RecoveryStep: Hashable, Sendable {
  /// The running statistics of batch norms anew, as exact averages over the samples.
  case calibrate
  /// What is missing on average is added to the biases of layers, or to the running mean of the norm behind them.
  case bias
  /// Weights refitted by ridge regression, layer by layer, zeros staying zeros.
  case leastSquares
  /// The model trained on the outputs of the original.
  case distill(DistillationTraining)

  /// What reports and the command line call it.
  public var name: String {
    switch self {
    case .calibrate: "calibrate"
    case .bias: "bias"
    case .leastSquares: "least-squares"
    case .distill: "distill"
    }
  }
}
