import Sparsity

/// |w · g| with g the gradient of the loss before any training: how much the loss depends on whether there is a connection
/// (Lee et al. 2019, "SNIP: Single-shot Network Pruning based on Connection Sensitivity").
///
/// The authors divide by the sum over all connections, which changes no order. The same as ``Taylor`` for single entries.
public struct SNIP: Criterion {
  /// `snip`.
  public let name = "snip"
  /// Mean gradients.
  public let evidence = Evidence.gradients
  /// Sensitivities of single entries add up in a channel or block.
  public let reduction = Reduction.sum

  /// The criterion.
  public init() {}

  /// |w · g|.
  public func scores(of weight: WeightValues) -> [Double] { zip(weight.values, weight.evidence).map { abs($0 * $1) } }
}

/// -w · Hg with g the gradient of the loss and H its Hessian: by how much removing an entry raises the norm of the gradient, to
/// first order. The largest go first, so that what is left is the part through which gradients flow (Wang et al. 2020,
/// "Picking Winning Tickets Before Training by Preserving Gradient Flow").
///
/// The authors divide the logits by 200 in the loss that is differentiated.
public struct GraSP: Criterion {
  /// `grasp`.
  public let name = "grasp"
  /// Products of Hessian and gradient.
  public let evidence = Evidence.hessianGradients
  /// The largest go first.
  public let ranking = Ranking.largestValue
  /// First-order changes add up in a channel or block.
  public let reduction = Reduction.sum

  /// The criterion.
  public init() {}

  /// -w · Hg.
  public func scores(of weight: WeightValues) -> [Double] { zip(weight.values, weight.evidence).map { -$0 * $1 } }
}

/// |w| · ∂R/∂|w| with R the sum of the outputs where every tensor is its magnitude and all inputs are 1 (Tanaka et al. 2020,
/// "Pruning neural networks without any data by iteratively conserving synaptic flow").
///
/// Pruned a little at a time, with the flow gathered anew each time, no layer is emptied before the others: the authors
/// take 100 rounds on an exponential schedule, as `Prune.beforeTraining` does.
public struct SynFlow: Criterion {
  /// `synflow`.
  public let name = "synflow"
  /// Synaptic flow.
  public let evidence = Evidence.synapticFlow
  /// Flows of single entries add up in a channel or block.
  public let reduction = Reduction.sum

  /// The criterion.
  public init() {}

  /// |w| · ∂R/∂|w|.
  public func scores(of weight: WeightValues) -> [Double] { zip(weight.values, weight.evidence).map { abs($0) * $1 } }
}

extension Criterion where Self == SNIP {
  /// |w · g| before training, see ``SNIP``.
  public static var snip: SNIP { SNIP() }
}

extension Criterion where Self == GraSP {
  /// -w · Hg, see ``GraSP``.
  public static var grasp: GraSP { GraSP() }
}

extension Criterion where Self == SynFlow {
  /// Synaptic flow, see ``SynFlow``.
  public static var synFlow: SynFlow { SynFlow() }
}
