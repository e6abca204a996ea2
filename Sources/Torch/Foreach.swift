/// Arithmetic on lists of tensors in one call each, with which optimisers step: LibTorch's `_foreach` and `_fused`
/// operators. Lists have one length, and tensors at one place one shape; `inPlace` lists are changed.
public enum Foreach {
  /// Adds `scale * b` to `a`.
  public static func addInPlace(_ a: [Tensor], _ b: [Tensor], scale: Double = 1) {
    callValue("_foreach_add_.List", a, b, keywords: [("alpha", scale)])
  }
  /// Adds a number.
  public static func addInPlace(_ a: [Tensor], _ number: Double) { callValue("_foreach_add_.Scalar", a, number) }
  /// Multiplies by a number. Tensors of half types go one by one, since the operator for lists rounds the factor to
  /// their type first, and `Tensor.multiply(inPlace:)` and PyTorch's step on one tensor at a time do not.
  public static func multiplyInPlace(_ a: [Tensor], _ factor: Double) {
    guard !a.contains(where: { $0.dtype == .float16 || $0.dtype == .bfloat16 }) else {
      for tensor in a { tensor.multiplyInPlace(factor) }
      return
    }
    callValue("_foreach_mul_.Scalar", a, factor)
  }
  /// Multiplies by a tensor of one entry, as the factor of gradient clipping.
  public static func multiplyInPlace(_ a: [Tensor], _ factor: Tensor) { callValue("_foreach_mul_.Tensor", a, factor) }
  /// Multiplies place by place, as by masks.
  public static func multiplyInPlace(_ a: [Tensor], _ b: [Tensor]) { callValue("_foreach_mul_.List", a, b) }
  /// Divides by a number.
  public static func divideInPlace(_ a: [Tensor], _ divisor: Double) { callValue("_foreach_div_.Scalar", a, divisor) }
  /// Divides place by place.
  public static func divideInPlace(_ a: [Tensor], _ b: [Tensor]) { callValue("_foreach_div_.List", a, b) }
  /// Moves `a` by `weight * (end - a)`.
  public static func lerpInPlace(_ a: [Tensor], _ end: [Tensor], _ weight: Double) {
    callValue("_foreach_lerp_.Scalar", a, end, weight)
  }
  /// Adds `scale * b * c`.
  public static func addcmulInPlace(_ a: [Tensor], _ b: [Tensor], _ c: [Tensor], scale: Double = 1) {
    callValue("_foreach_addcmul_.Scalar", a, b, c, scale)
  }
  /// Adds `scale * b / c`.
  public static func addcdivInPlace(_ a: [Tensor], _ b: [Tensor], _ c: [Tensor], scale: Double = 1) {
    callValue("_foreach_addcdiv_.Scalar", a, b, c, scale)
  }
  /// Adds `scales[i] * b / c` at each place.
  public static func addcdivInPlace(_ a: [Tensor], _ b: [Tensor], _ c: [Tensor], scales: [Double]) {
    callValue("_foreach_addcdiv_.ScalarList", a, b, c, scales)
  }
  /// Holds the entries of `a` at or above those of `b`.
  public static func maximumInPlace(_ a: [Tensor], _ b: [Tensor]) { callValue("_foreach_maximum_.List", a, b) }
  /// Sets every entry to 0.
  public static func zero(_ a: [Tensor]) { callValue("_foreach_zero_", a) }
  /// Overwrites `a` with `b`.
  public static func copyInPlace(_ a: [Tensor], _ b: [Tensor]) { callValue("_foreach_copy_", a, b) }
  /// The square root of each entry.
  public static func sqrt(_ a: [Tensor]) -> [Tensor] { callList("_foreach_sqrt", a, capacity: a.count) }
  /// `a + scale * b`.
  public static func add(_ a: [Tensor], _ b: [Tensor], scale: Double = 1) -> [Tensor] {
    callList("_foreach_add.List", a, b, keywords: [("alpha", scale)], capacity: a.count)
  }
  /// `a * b`.
  public static func multiply(_ a: [Tensor], _ b: [Tensor]) -> [Tensor] {
    callList("_foreach_mul.List", a, b, capacity: a.count)
  }
  /// The p-norm of each tensor.
  public static func norm(_ a: [Tensor], _ p: Double = 2) -> [Tensor] {
    callList("_foreach_norm.Scalar", a, p, capacity: a.count)
  }
}

extension Foreach {
  /// One step of Adam (Kingma & Ba 2014) for all parameters in one pass over memory: `_fused_adam_`, and `_fused_adamw_`
  /// (Loshchilov & Hutter 2017) where the decay is decoupled.
  /// - Parameters:
  ///   - parameters: Changed in place.
  ///   - gradients: One for each parameter.
  ///   - means: The running means of the gradients; changed.
  ///   - squares: The running means of their squares; changed.
  ///   - largestSquares: The largest of those so far, with AMSGrad; otherwise empty. Changed.
  ///   - steps: The number of the step, from 1, a float32 tensor of one entry for each parameter; the caller counts.
  ///   - learningRate: The step size.
  ///   - beta1: How much of `means` stays.
  ///   - beta2: How much of `squares` stays.
  ///   - weightDecay: The part of the parameters that is added to the gradients; where decoupled, that is taken off the
  ///     parameters, times the step size.
  ///   - epsilon: Added to the root of `squares`.
  ///   - isDecoupled: AdamW instead of Adam.
  ///   - maximize: Steps up instead of down.
  public static func adam(
    _ parameters: [Tensor], gradients: [Tensor], means: [Tensor], squares: [Tensor], largestSquares: [Tensor] = [],
    steps: [Tensor], learningRate: Double, beta1: Double, beta2: Double, weightDecay: Double, epsilon: Double,
    isDecoupled: Bool = false, maximize: Bool = false
  ) {
    callValue(
      isDecoupled ? "_fused_adamw_" : "_fused_adam_", parameters, gradients, means, squares, largestSquares, steps,
      keywords: [
        ("lr", learningRate), ("beta1", beta1), ("beta2", beta2), ("weight_decay", weightDecay), ("eps", epsilon),
        ("amsgrad", !largestSquares.isEmpty), ("maximize", maximize),
      ])
  }

  /// One step of stochastic gradient descent for all parameters in one pass over memory: `_fused_sgd_`.
  /// - Parameters:
  ///   - parameters: Changed in place.
  ///   - gradients: One for each parameter.
  ///   - momenta: The momentum buffers, changed; empty without momentum.
  ///   - learningRate: The step size.
  ///   - momentum: How much of the buffers stays.
  ///   - dampening: The part of each gradient that does not go into the buffers.
  ///   - weightDecay: The part of the parameters that is added to the gradients.
  ///   - isNesterov: Whether the step looks ahead (Sutskever et al. 2013).
  ///   - maximize: Steps up instead of down.
  ///   - isFirstStep: Whether the buffers hold nothing yet.
  public static func sgd(
    _ parameters: [Tensor], gradients: [Tensor], momenta: [Tensor], learningRate: Double, momentum: Double,
    dampening: Double = 0, weightDecay: Double, isNesterov: Bool, maximize: Bool = false, isFirstStep: Bool
  ) {
    callValue(
      "_fused_sgd_", parameters, gradients, momenta,
      keywords: [
        ("weight_decay", weightDecay), ("momentum", momentum), ("lr", learningRate), ("dampening", dampening),
        ("nesterov", isNesterov), ("maximize", maximize), ("is_first_step", isFirstStep),
      ])
  }
}
