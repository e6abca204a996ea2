import Sparsity

/// The mean magnitude of the input that an entry is multiplied by, over all samples: inputs that are hardly ever active go first
/// (Molchanov et al. 2017, "Pruning Convolutional Neural Networks for Resource Efficient Inference", the criterion that
/// they call mean activation).
///
/// All entries of an input have one score, so that it is a criterion of inputs: `.structured(dim: 1)` prunes those
/// columns or kernels, which are the outputs of the layer before, after its activation function.
public struct ActivationMean: Criterion {
  /// `activation-mean`.
  public let name = "activation-mean"
  /// Means of inputs.
  public let evidence = Evidence.activationMeans
  /// Means add up in a channel or block.
  public let reduction = Reduction.sum

  /// The criterion.
  public init() {}

  /// The means.
  public func scores(of weight: WeightValues) -> [Double] { weight.evidence }
}

extension Criterion where Self == ActivationMean {
  /// The mean magnitude of inputs, see ``ActivationMean``.
  public static var activationMean: ActivationMean { ActivationMean() }
}
