import Sparsity

/// How important each entry, or each channel, of a weight is.
///
/// A criterion only scores. On what structure pruning acts is the `Pattern`, how much of which weight goes is the
/// ``Distribution`` and the ``Target``; every criterion works with all of them, on modules in memory and, where weights
/// are all it needs, on files.
///
/// ```swift
/// /// |w| times the mean magnitude of the weight: layers of small weights go first.
/// struct MeanScaled: Criterion {
///   let name = "mean-scaled"
///   func scores(of weight: WeightValues) -> [Double] {
///     let mean = weight.values.reduce(0) { $0 + abs($1) } / Double(weight.values.count)
///     return weight.values.map { abs($0) * mean }
///   }
/// }
/// try Prune.apply(Recipe(MeanScaled(), target: .amount(0.5)), to: model)
/// ```
public protocol Criterion: Sendable {
  /// What reports and recipes call it.
  var name: String { get }
  /// What it scores; entries unless told otherwise.
  var subject: ScoreSubject { get }
  /// Which scores go first: the smallest magnitudes unless told otherwise, or the smallest values.
  var ranking: Ranking { get }
  /// How the scores of entries rank the channel or block that they are in: by their L2 norm unless told otherwise, and
  /// by their sum where scores rank as they are.
  var reduction: Reduction { get }
  /// What it needs beside the weights; nothing unless told otherwise.
  var evidence: Evidence { get }
  /// Where its scores come from; ``scores(of:)`` unless told otherwise.
  var source: ScoreSource { get }

  /// The scores of a weight: one for each entry, in flat order, or one for each channel.
  ///
  /// It is called with the whole weight, possibly several times and on any thread.
  func scores(of weight: WeightValues) throws -> [Double]
}

extension Criterion {
  /// Entries.
  public var subject: ScoreSubject { .entries }
  /// The smallest magnitudes go first.
  public var ranking: Ranking { .magnitude }
  /// The L2 norm, or the sum where scores rank as they are.
  public var reduction: Reduction { ranking == .magnitude ? .norm(2) : .sum }
  /// Nothing.
  public var evidence: Evidence { .none }
  /// ``scores(of:)``.
  public var source: ScoreSource { .computed }
}

/// What a criterion scores.
public enum ScoreSubject: Sendable, Hashable {
  /// Single entries, which also rank channels and blocks.
  case entries
  /// Channels, or blocks where the criterion reduces the weights themselves. Single entries cannot be ranked by it.
  case channels
}

/// Where scores come from.
public enum ScoreSource: Sendable {
  /// The weights are their own scores, read where they lie.
  case weights
  /// ``Criterion/scores(of:)``.
  case computed
  /// PyTorch's random numbers for a seed. Of entries the largest draws go, of groups, blocks and channels the smallest.
  case draws(seed: UInt64)
  /// Masks of 0 and 1 under the paths of the weights, which settle everything.
  case masks(any GivenTensors)
}

/// The values of one weight, for a criterion to score.
public struct WeightValues {
  /// Its path, shape, type and role.
  public let weight: Weight
  /// Its entries in flat order.
  public let values: [Double]
  /// The entries that an earlier mask keeps; nil for all. Scores of others do not count.
  public let kept: BitMask?
  /// The dimension whose channels are to be scored, counted from the first, where there is one.
  public let dimension: Int?
  /// What ``Criterion/evidence`` asks for, one number for each entry; empty where it asks for nothing.
  public let evidence: [Double]

  /// Values in memory.
  public init(
    _ weight: Weight, values: [Double], kept: BitMask? = nil, dimension: Int? = nil, evidence: [Double] = []
  ) {
    self.weight = weight
    self.values = values
    self.kept = kept
    self.dimension = dimension
    self.evidence = evidence
  }
}
