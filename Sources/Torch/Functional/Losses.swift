/// How a loss over a batch becomes one number.
public enum LossReduction: Int, Sendable {
  /// One number for each item.
  case none = 0
  /// Their mean.
  case mean = 1
  /// Their sum.
  case sum = 2
}

/// Softmax and negative log-likelihood: logits [N, classes] (or [N, classes, ...]) against class numbers, int64 [N], or
/// against probabilities of the logits' shape.
/// - Parameters:
///   - logits: Unnormalised log-probabilities.
///   - target: The classes, or their probabilities.
///   - reduction: How the items become one number.
///   - weight: Of each class, [classes].
///   - ignoreIndex: A class number that does not count.
///   - labelSmoothing: The part of each target that is spread over all classes, in 0...1.
public func crossEntropy(
  _ logits: Tensor, _ target: Tensor, reduction: LossReduction = .mean, weight: Tensor? = nil, ignoreIndex: Int = -100,
  labelSmoothing: Double = 0
) -> Tensor {
  call("cross_entropy_loss", logits, target, weight, reduction.rawValue, ignoreIndex, labelSmoothing)
}

/// Negative log-likelihood of log-probabilities [N, classes] against class numbers, int64 [N].
public func nllLoss(
  _ logProbabilities: Tensor, _ target: Tensor, reduction: LossReduction = .mean, weight: Tensor? = nil,
  ignoreIndex: Int = -100
) -> Tensor {
  call("nll_loss_nd", logProbabilities, target, weight, reduction.rawValue, ignoreIndex)
}

/// Squared differences.
public func mseLoss(_ x: Tensor, _ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
  call("mse_loss", x, target, reduction.rawValue)
}

/// Absolute differences.
public func l1Loss(_ x: Tensor, _ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
  call("l1_loss", x, target, reduction.rawValue)
}

/// Squared differences below `beta`, absolute ones above, joined smoothly (Girshick 2015).
public func smoothL1Loss(_ x: Tensor, _ target: Tensor, reduction: LossReduction = .mean, beta: Double = 1) -> Tensor {
  call("smooth_l1_loss", x, target, reduction.rawValue, beta)
}

/// Squared differences below `delta`, absolute ones above (Huber 1964).
public func huberLoss(_ x: Tensor, _ target: Tensor, reduction: LossReduction = .mean, delta: Double = 1) -> Tensor {
  call("huber_loss", x, target, reduction.rawValue, delta)
}

/// Binary cross-entropy of probabilities against targets in 0...1, of one shape.
public func binaryCrossEntropy(
  _ probabilities: Tensor, _ target: Tensor, reduction: LossReduction = .mean, weight: Tensor? = nil
) -> Tensor {
  call("binary_cross_entropy", probabilities, target, weight, reduction.rawValue)
}

/// Binary cross-entropy of logits against targets in 0...1, of one shape: without the overflow of a sigmoid before it.
/// - Parameters:
///   - logits: Before the sigmoid.
///   - target: In 0...1.
///   - reduction: How the entries become one number.
///   - weight: Of each entry, broadcast.
///   - positiveWeight: By which the part of the positive targets counts, broadcast.
public func binaryCrossEntropyWithLogits(
  _ logits: Tensor, _ target: Tensor, reduction: LossReduction = .mean, weight: Tensor? = nil,
  positiveWeight: Tensor? = nil
) -> Tensor {
  call("binary_cross_entropy_with_logits", logits, target, weight, positiveWeight, reduction.rawValue)
}

/// The Kullback-Leibler divergence of log-probabilities from probabilities, `target`, or from their logarithms.
/// Its mean is over all entries, as PyTorch's; divide ``LossReduction/sum`` by the batch for the textbook's.
public func klDivergence(
  _ logProbabilities: Tensor, _ target: Tensor, reduction: LossReduction = .mean, targetIsLogarithmic: Bool = false
) -> Tensor {
  call("kl_div", logProbabilities, target, reduction.rawValue, keywords: [("log_target", targetIsLogarithmic)])
}

/// The cosine of the angle between vectors along `dim`.
public func cosineSimilarity(_ a: Tensor, _ b: Tensor, dim: Int = 1, epsilon: Double = 1e-8) -> Tensor {
  call("cosine_similarity", a, b, dim, epsilon)
}
