import Sparsity

/// |w| · v^¼ with v the mean square of the gradient.
///
/// Kin of ``OptimalBrainDamage``: with √v for the diagonal of the Hessian, as Adam takes it, what removing an entry costs
/// is w² √v / 2, whose order this is. Ranked globally it keeps narrow layers that magnitude empties.
public struct Curvature: Criterion {
  /// `curvature`.
  public let name = "curvature"
  /// Mean squares of gradients.
  public let evidence = Evidence.squaredGradients

  /// The criterion.
  public init() {}

  /// |w| · v^¼.
  public func scores(of weight: WeightValues) -> [Double] {
    zip(weight.values, weight.evidence).map { abs($0) * $1.squareRoot().squareRoot() }
  }
}

/// w² · v / 2 with v the mean square of the gradient: what removing an entry costs where the Hessian is diagonal (LeCun et
/// al. 1989, "Optimal Brain Damage") and the empirical Fisher information stands for it (Theis et al. 2018, "Faster gaze
/// prediction with dense networks and Fisher pruning").
///
/// Its order is that of first-order Taylor with squares averaged over batches (Molchanov et al. 2019, "Importance
/// Estimation for Neural Network Pruning").
public struct OptimalBrainDamage: Criterion {
  /// `obd`.
  public let name = "obd"
  /// Mean squares of gradients.
  public let evidence = Evidence.squaredGradients
  /// Costs of single entries add up in a channel or block.
  public let reduction = Reduction.sum

  /// The criterion.
  public init() {}

  /// w² · v / 2.
  public func scores(of weight: WeightValues) -> [Double] {
    zip(weight.values, weight.evidence).map { $0 * $0 * $1 / 2 }
  }
}

/// |w · g| with g the mean gradient: the change of the loss to first order where an entry is removed (Molchanov et al.
/// 2017, "Pruning Convolutional Neural Networks for Resource Efficient Inference"). Before training, on one batch, it is
/// SNIP (Lee et al. 2019, "SNIP: Single-shot Network Pruning based on Connection Sensitivity").
public struct Taylor: Criterion {
  /// `taylor`.
  public let name = "taylor"
  /// Mean gradients.
  public let evidence = Evidence.gradients
  /// Changes of single entries add up in a channel or block.
  public let reduction = Reduction.sum

  /// The criterion.
  public init() {}

  /// |w · g|.
  public func scores(of weight: WeightValues) -> [Double] { zip(weight.values, weight.evidence).map { abs($0 * $1) } }
}

/// -Σ w · g over the steps of training: entries that training moves towards 0 are pruned first, whatever their magnitude
/// (Sanh et al. 2020, "Movement Pruning: Adaptive Sparsity by Fine-Tuning").
public struct Movement: Criterion {
  /// `movement`.
  public let name = "movement"
  /// The sums.
  public let evidence = Evidence.movement
  /// The smallest sums go first.
  public let ranking = Ranking.value

  /// The criterion.
  public init() {}

  /// The sums.
  public func scores(of weight: WeightValues) -> [Double] { weight.evidence }
}

extension Criterion where Self == Curvature {
  /// |w| · v^¼, see ``Curvature``.
  public static var curvature: Curvature { Curvature() }
}

extension Criterion where Self == OptimalBrainDamage {
  /// w² · v / 2, see ``OptimalBrainDamage``.
  public static var optimalBrainDamage: OptimalBrainDamage { OptimalBrainDamage() }
}

extension Criterion where Self == Taylor {
  /// |w · g|, see ``Taylor``.
  public static var taylor: Taylor { Taylor() }
}

extension Criterion where Self == Movement {
  /// Movement away from 0, see ``Movement``.
  public static var movement: Movement { Movement() }
}
