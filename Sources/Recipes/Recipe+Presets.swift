extension Recipe {
  /// Pruned at once by global magnitude after a part of the training, which goes on with what is left: PyTorch's recipe.
  ///
  /// - Parameters:
  ///   - sparsity: The share of all weights that goes.
  ///   - progress: The part of the training before.
  public static func oneShot(_ sparsity: Double, after progress: Double = 5.0 / 6) -> Recipe {
    Recipe(.magnitude, target: .sparsity(sparsity), schedule: .oneShot(at: progress))
  }

  /// Pruned a little at a time while training goes on, by global curvature on a cubic schedule (Zhu and Gupta 2017): what
  /// kept the most accuracy where recipes were compared.
  ///
  /// - Parameters:
  ///   - sparsity: The share of all weights that goes.
  ///   - start: The progress at which pruning begins.
  ///   - end: The progress at which the sparsity is reached.
  ///   - updates: How often masks change on the way.
  public static func gradual(
    _ sparsity: Double, from start: Double = 1.0 / 6, to end: Double = 0.75, updates: Int = 60
  ) -> Recipe {
    Recipe(.curvature, target: .sparsity(sparsity), schedule: .cubic(from: start, to: end, updates: updates))
  }

  /// Sparse from the first step on, by ERK and at random, with masks that move to where gradients are large (Evci et al.
  /// 2020).
  public static func rigL(_ sparsity: Double, seed: UInt64, updates: Int = 75) -> Recipe {
    Recipe(
      .random(seed: seed), target: .sparsity(sparsity), distribution: .erk, regrowth: .rigL(updates: updates))
  }

  /// Sparse from the first step on, by ERK and at random, with masks that move at random (Mocanu et al. 2018).
  public static func set(_ sparsity: Double, seed: UInt64, updates: Int = 10) -> Recipe {
    Recipe(
      .random(seed: seed), target: .sparsity(sparsity), distribution: .erk,
      regrowth: .set(seed: seed, updates: updates))
  }
}
