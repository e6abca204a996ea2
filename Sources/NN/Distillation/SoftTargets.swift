import Torch

/// The divergence of a student's outputs from a teacher's, both softened by a temperature: T² · KL(q ‖ p) with
/// q = softmax(teacher / T) and p = softmax(student / T) (Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural
/// Network").
///
/// The factor T² keeps its gradients as large as those of the cross-entropy that it may stand beside. No gradient flows
/// into the teacher.
///
/// - Parameters:
///   - student: Logits, [N, classes] or [N, classes, ...].
///   - teacher: Logits of the same shape.
///   - temperature: T, above 0; the higher it is, the more the unlikely classes count.
///   - dim: The dimension of the classes.
///   - reduction: How the divergences of the items, [N, ...], become one number. Unlike `klDivergence`, where each class
///     counts as an item, the mean is the textbook's.
public func softTargetLoss(
  _ student: Tensor, _ teacher: Tensor, temperature: Double = 1, dim: Int = 1, reduction: LossReduction = .mean
) -> Tensor {
  precondition(temperature > 0, "softTargetLoss: expected a temperature above 0, found \(temperature)")
  precondition(
    student.shape == teacher.shape, "softTargetLoss: expected logits of shape \(teacher.shape), found \(student.shape)")
  let own = (student / temperature).logSoftmax(dim)
  let wanted = (teacher.detach() / temperature).logSoftmax(dim)
  let items = klDivergence(own, wanted, reduction: .none, targetIsLogarithmic: true).sum([dim])
  let scaled = items * (temperature * temperature)
  switch reduction {
  case .none: return scaled
  case .mean: return scaled.mean()
  case .sum: return scaled.sum()
  }
}
