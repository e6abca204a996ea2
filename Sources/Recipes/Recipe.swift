import Sparsity

/// How a model is pruned: what ranks, on what structure, over which weights, how much, and when.
///
/// ```swift
/// Recipe(.magnitude, target: .sparsity(0.5))                                         // half of all weights together
/// Recipe(.magnitude, target: .amount(0.3), pattern: .structured(dim: 0))             // 30 % of the rows of each
/// Recipe(.norm(1), target: .sparsity(0.9), pattern: .block(rows: 4, columns: 1))     // nine of ten blocks of each
/// Recipe(.magnitude, pattern: .nOfM(2, 4))                                           // two of every four stay
/// Recipe(.lamp, target: .sparsity(0.98), schedule: .cubic(from: 0.2, to: 0.75))      // for training
/// ```
///
/// The parts are values of their own, and each goes with each. A recipe turns a list of weights into a plan,
/// ``plan(for:)``, which modules in memory and files carry out alike, with the same masks.
public struct Recipe: Sendable {
  /// What ranks.
  public var criterion: any Criterion
  /// How much goes; nil where criterion or pattern say it themselves, or where rules alone do.
  public var target: Target?
  /// On what structure.
  public var pattern: Pattern
  /// How the target is shared out over the weights.
  public var distribution: Distribution
  /// How the target is approached during training; files are pruned at once.
  public var schedule: Schedule
  /// How masks move during training; nil where what is pruned stays pruned. Files are pruned at once.
  public var regrowth: Regrowth?
  /// Which weights.
  public var selector: Selector
  /// Targets and exclusions by name: the first rule whose expression matches a name decides about it. With a global
  /// distribution the weights of a rule are ranked together.
  public var rules: [Rule]
  /// What to do with NaN among the scores.
  public var nan: NaNRule

  /// A recipe.
  ///
  /// - Parameters:
  ///   - criterion: What ranks.
  ///   - target: How much goes; nil where criterion, pattern or rules say it.
  ///   - pattern: On what structure.
  ///   - distribution: Unless given, global for single entries and uniform for channels and blocks.
  ///   - schedule: How the target is approached during training.
  ///   - regrowth: How masks move during training.
  ///   - selector: Which weights.
  ///   - rules: Targets and exclusions by name.
  ///   - nan: What to do with NaN among the scores.
  public init(
    _ criterion: some Criterion, target: Target? = nil, pattern: Pattern = .unstructured,
    distribution: Distribution? = nil, schedule: Schedule = .oneShot, regrowth: Regrowth? = nil,
    selector: Selector = Selector(), rules: [Rule] = [], nan: NaNRule = .refuse
  ) {
    self.criterion = criterion
    self.target = target
    self.pattern = pattern
    self.distribution = distribution ?? (pattern == .unstructured ? .global : .uniform)
    self.schedule = schedule
    self.regrowth = regrowth
    self.selector = selector
    self.rules = rules
    self.nan = nan
  }
}
