import Recipes
import Sparsity

/// How much is removed, or how much remains.
public enum CompactionTarget: Hashable, Sendable {
  /// So much of the units of each group, or of all together, is removed.
  case amount(Amount)
  /// So much of a cost remains.
  case remaining(CompactionCost, Amount)
}

/// What a model costs.
public enum CompactionCost: String, Hashable, Sendable, CaseIterable, Codable {
  /// Entries of the parameters, each once.
  case parameters
  /// Multiplications with their additions, of one sample where the model takes a batch of any size.
  case macs
  /// Bytes of parameters and buffers.
  case bytes
}

extension CompactionTarget: CustomStringConvertible {
  /// Such as `remove a share of 0.5`, `keep a share of 0.5 of the macs`.
  public var description: String {
    func text(_ amount: Amount) -> String {
      switch amount {
      case .fraction(let share): "a share of \(share)"
      case .count(let count): "\(count)"
      }
    }
    switch self {
    case .amount(let amount): return "remove \(text(amount)) of the channels"
    case .remaining(let cost, let amount): return "keep \(text(amount)) of the \(cost.rawValue)"
    }
  }
}

/// What is removed from a model: which units rank lowest, how many of them go, and which stay in any case.
public struct CompactionRecipe: Sendable {
  /// What ranks.
  public var criterion: any UnitCriterion
  /// How much goes or remains; nil where rules alone say it.
  public var target: CompactionTarget?
  /// Uniform, the same share of each group; or global, all units together by scores over their group's mean. `atLeast` is
  /// the least share of each group that stays; one unit always does.
  public var distribution: Distribution
  /// Which layers' outputs may go: `only` and `excluded` by the names of weights; the rest of it has no meaning here.
  public var selector: Selector
  /// Exclusions and targets by the names of the weights that put units out; the first rule that matches decides.
  public var rules: [Rule]
  /// What the channels of each group are rounded to a multiple of, to the nearest one.
  public var roundTo: Int

  /// A recipe.
  public init(
    _ criterion: any UnitCriterion = GroupMagnitude(), target: CompactionTarget?, distribution: Distribution = .uniform,
    selector: Selector = Selector(), rules: [Rule] = [], roundTo: Int = 1
  ) {
    (self.criterion, self.target, self.distribution) = (criterion, target, distribution)
    (self.selector, self.rules, self.roundTo) = (selector, rules, roundTo)
  }

  /// A recipe for single weights, carried out on units: magnitude and the L2 norm are those of all parameters of a unit,
  /// other criteria are reduced by `reduction`; the pattern does not matter.
  ///
  /// - Throws: `RecipeError` for a criterion of masks, a target that is no amount, and as ``validate()``.
  public init(_ recipe: Recipe, roundTo: Int = 1, over reduction: ReducedCriterion.Reduction = .sum) throws(RecipeError)
  {
    let criterion: any UnitCriterion
    switch recipe.criterion.source {
    case .draws(let seed): criterion = RandomUnits(seed: seed)
    case .weights where recipe.criterion.reduction == .norm(2): criterion = GroupMagnitude()
    case .weights, .computed: criterion = ReducedCriterion(recipe.criterion, over: reduction)
    case .masks:
      throw Self.contradiction(
        "a criterion that ranks", "masks", "rank by magnitude, or compact a file that has the zeros in it with --zeros")
    }
    guard recipe.criterion.evidence == .none else {
      throw Self.contradiction(
        "a criterion of weights alone", recipe.criterion.name, "rank by magnitude, norm, lamp or random")
    }
    let target: CompactionTarget?
    switch recipe.target {
    case nil: target = nil
    case .amount(let amount)?: target = .amount(amount)
    case .sparsity(let share)?: target = .amount(.fraction(share))
    case .below(let threshold)?:
      throw Self.contradiction("an amount", "a threshold of \(threshold)", "say how much goes: amount = 0.5")
    }
    // What is global for single entries is the same share of each group for channels, as for any other structure.
    let isUsual = recipe.pattern == .unstructured && recipe.distribution == .global
    self.init(
      criterion, target: target, distribution: isUsual ? .uniform : recipe.distribution, selector: recipe.selector,
      rules: recipe.rules, roundTo: roundTo)
    try validate()
  }

  /// Throws unless the parts go together, whatever the model.
  ///
  /// - Throws: `RecipeError` of kind `contradiction`.
  public func validate() throws(RecipeError) {
    guard target != nil || rules.contains(where: { if case .prune = $0.action { true } else { false } }) else {
      throw Self.contradiction("an amount", "none", "say how much goes or remains: --amount 0.5 or --macs 0.5")
    }
    guard [.uniform, .global].contains(distribution.kind) else {
      throw Self.contradiction(
        "a uniform or global distribution", distribution.kind.rawValue, "choose one of them for channels")
    }
    guard (0...1).contains(distribution.atLeast) else {
      throw Self.contradiction("a least share in 0...1", "\(distribution.atLeast)", "give one such as 0.1")
    }
    guard roundTo >= 1 else { throw Self.contradiction("a multiple of 1 or more", "\(roundTo)", "give 8 or 16") }
    switch target {
    case .amount(let amount)?, .remaining(_, let amount)?:
      do throws(AmountError) { try amount.validated() } catch {
        throw Self.contradiction("a share in 0...1 or a number of 0 or more", "\(amount)", "give 0.5 for half")
      }
    case nil: break
    }
  }

  private static func contradiction(_ expected: String, _ found: String, _ advice: String) -> RecipeError {
    RecipeError(.contradiction, "make a model smaller", expected: expected, found: found, advice: advice)
  }
}
