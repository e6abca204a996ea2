/// |w| · ‖x‖ with ‖x‖ the L2 norm of the input that the entry is multiplied by, over all samples (Sun et al. 2024, "A Simple
/// and Effective Pruning Approach for Large Language Models").
///
/// Its authors rank the entries of each output by themselves: ``Distribution/perRow``, or an N:M pattern.
public struct Wanda: Criterion {
  /// `wanda`.
  public let name = "wanda"
  /// Norms of inputs.
  public let evidence = Evidence.activations

  /// The criterion.
  public init() {}

  /// |w| · ‖x‖.
  public func scores(of weight: WeightValues) -> [Double] { zip(weight.values, weight.evidence).map { abs($0) * $1 } }
}

extension Criterion where Self == Wanda {
  /// |w| · ‖x‖, see ``Wanda``.
  public static var wanda: Wanda { Wanda() }
}
