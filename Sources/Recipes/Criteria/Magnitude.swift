import Sparsity

/// The magnitude of an entry; channels and blocks by the L2 norm of theirs (Han et al. 2015, "Learning both Weights and
/// Connections for Efficient Neural Networks").
public struct Magnitude: Criterion {
  /// `magnitude`.
  public let name = "magnitude"
  /// The weights themselves.
  public let source = ScoreSource.weights

  /// The criterion.
  public init() {}

  /// The weights.
  public func scores(of weight: WeightValues) -> [Double] { weight.values }
}

/// The Ln norm of a channel or block, in float64 whatever the type of the weight (Li et al. 2017, "Pruning Filters for
/// Efficient ConvNets").
public struct LnNorm: Criterion {
  /// Any norm but the nuclear one.
  public let norm: Norm
  /// `norm`.
  public let name = "norm"
  /// Channels and blocks.
  public let subject = ScoreSubject.channels
  /// The weights themselves.
  public let source = ScoreSource.weights

  /// The criterion.
  public init(_ norm: Norm) { self.norm = norm }

  /// The norm.
  public var reduction: Reduction { .norm(norm.order ?? 2) }

  /// The weights.
  public func scores(of weight: WeightValues) -> [Double] { weight.values }
}

/// Chance: PyTorch's random numbers for a seed. A baseline, which shows what the choice of another criterion is worth.
public struct RandomScores: Criterion {
  /// Where the numbers begin, as `torch.manual_seed` takes it.
  public let seed: UInt64
  /// `random`.
  public let name = "random"

  /// The criterion.
  public init(seed: UInt64) { self.seed = seed }

  /// Draws of the seed.
  public var source: ScoreSource { .draws(seed: seed) }

  /// None: they are drawn.
  public func scores(of weight: WeightValues) -> [Double] { [] }
}

extension Criterion where Self == Magnitude {
  /// The magnitude of an entry, the L2 norm of a channel or block.
  public static var magnitude: Magnitude { Magnitude() }
}

extension Criterion where Self == LnNorm {
  /// The Ln norm of a channel or block.
  public static func norm(_ norm: Norm) -> LnNorm { LnNorm(norm) }
}

extension Criterion where Self == RandomScores {
  /// PyTorch's random numbers for a seed.
  public static func random(seed: UInt64) -> RandomScores { RandomScores(seed: seed) }
}
