import Sparsity

/// What a recipe does with a list of weights: which are ranked together, and how much of them goes.
public struct PruningPlan: Sendable {
  /// Weights that are ranked together.
  public struct Group: Hashable, Sendable {
    /// Their numbers in the list of weights.
    public var weights: [Int]
    /// How much of them goes; nil where criterion or pattern say it.
    public var target: Target?
  }

  /// A weight that the recipe would prune but cannot.
  public struct LeftWhole: Hashable, Sendable {
    /// Its number in the list of weights.
    public var weight: Int
    /// Why, as a clause: "dimension 1 of shape [64, 3, 7, 7] is no multiple of 4".
    public var reason: String
  }

  /// A weight that stays because it shares its memory with what is not pruned: a head tied to an embedding.
  public struct Tie: Hashable, Sendable {
    /// Its name as a weight.
    public var name: String
    /// Its other name.
    public var other: String
    /// What it is for under that name.
    public var role: Role
  }

  /// The recipe.
  public let recipe: Recipe
  /// The weights.
  public let weights: [Weight]
  /// The groups, in the order in which they are carried out; none has no weights.
  public let groups: [Group]
  /// Weights that stay whole because the pattern does not fit them.
  public let leftWhole: [LeftWhole]
  /// Weights that stay because of another of their names.
  public private(set) var ties: [Tie] = []

  /// The numbers of the weights that are pruned, in order.
  public var pruned: [Int] { groups.flatMap(\.weights).sorted() }

  /// The plan for some of the weights only: the groups that have no others.
  public func restricted(to numbers: Set<Int>) -> PruningPlan {
    PruningPlan(
      recipe: recipe, weights: weights, groups: groups.filter { numbers.isSuperset(of: $0.weights) }, leftWhole: [])
  }

  /// A group as a plan of its own, whose weights are numbered from 0 on.
  public func isolated(_ group: Group) -> PruningPlan {
    PruningPlan(
      recipe: recipe, weights: group.weights.map { weights[$0] },
      groups: [Group(weights: Array(group.weights.indices), target: group.target)], leftWhole: [])
  }
}

extension Recipe {
  /// The plan for a list of weights.
  ///
  /// - Throws: ``RecipeError`` where parts of the recipe contradict each other, an expression names no weight, nothing is
  ///   left to prune, or the pattern does not fit a weight that was asked for by name.
  public func plan(for weights: [Weight]) throws(RecipeError) -> PruningPlan {
    try validate()
    try checkNames(weights)
    let chooser = Chooser(selector, rules)
    var left: [PruningPlan.LeftWhole] = []
    var ties: [PruningPlan.Tie] = []
    var chosen: [(weight: Int, target: Target?, rule: Int?)] = []
    // Where there are no entries there are no channels or blocks to rank either.
    for (number, weight) in weights.enumerated() where weight.count > 0 || pattern == .unstructured {
      guard case .pruned(let rule, let asked) = chooser.verdict(weight) else {
        if !weight.aliases.isEmpty, let tie = chooser.tie(weight) { ties.append(tie) }
        continue
      }
      let target = rule.flatMap { rules[$0].target } ?? self.target
      if case .masks(let masks) = criterion.source {
        guard try fits(masks, weight) else { continue }
      } else {
        guard target != nil || pattern.fixesAmount else { continue }
        if let reason = misfit(of: weight) {
          guard !asked else {
            throw RecipeError(
              .unfit, "prune '\(weight.path)'", expected: "a shape for \(pattern)",
              found: "\(weight.shape): \(reason)", advice: "exclude it or choose another pattern")
          }
          left.append(PruningPlan.LeftWhole(weight: number, reason: reason))
          continue
        }
      }
      chosen.append((number, target, rule))
    }
    guard !chosen.isEmpty else { throw nothingToPrune(left, weights) }
    return PruningPlan(
      recipe: self, weights: weights, groups: try groups(chosen, weights), leftWhole: left, ties: ties)
  }

  private func groups(
    _ chosen: [(weight: Int, target: Target?, rule: Int?)], _ weights: [Weight]
  ) throws(RecipeError) -> [PruningPlan.Group] {
    // Where the pattern or masks say what is pruned, each weight is settled by itself.
    if target == nil, !chosen.contains(where: { $0.target != nil }) {
      return chosen.map { PruningPlan.Group(weights: [$0.weight]) }
    }
    switch distribution.kind {
    case .uniform, .perRow: return chosen.map { PruningPlan.Group(weights: [$0.weight], target: $0.target) }
    case .global:
      var groups: [PruningPlan.Group] = []
      var numbers: [Int: Int] = [:]
      for (weight, target, rule) in chosen {
        if let group = numbers[rule ?? -1] {
          groups[group].weights.append(weight)
        } else {
          numbers[rule ?? -1] = groups.count
          groups.append(PruningPlan.Group(weights: [weight], target: target))
        }
      }
      return groups
    case .erk:
      let shapes = chosen.map { weights[$0.weight].shape }
      func shares(_ overall: Double) -> [Double] { Distribution.erkSparsities(overall: overall, shapes: shapes) }
      return switch target {
      case .sparsity(let overall)?:
        zip(chosen, shares(overall)).map { PruningPlan.Group(weights: [$0.weight], target: .sparsity($1)) }
      case .amount(.fraction(let overall))?:
        zip(chosen, shares(overall)).map { PruningPlan.Group(weights: [$0.weight], target: .amount(.fraction($1))) }
      default: []
      }
    }
  }

  /// Why the pattern does not fit a weight; nil where it does.
  private func misfit(of weight: Weight) -> String? {
    if distribution.kind == .perRow, weight.layout != .outputsFirst {
      return "the rows of \(weight.shape) are not its outputs"
    }
    do throws(PatternError) {
      try pattern.turned(for: weight.layout, rank: weight.shape.count).validate(for: weight.shape)
      return nil
    } catch { return error.reason }
  }

  private func fits(_ masks: any GivenTensors, _ weight: Weight) throws(RecipeError) -> Bool {
    guard let (path, shape, _) = masks.layout(for: weight) else { return false }
    guard shape == weight.shape else {
      throw RecipeError(
        .unfit, "prune by the masks of \(masks.description)", expected: "shape \(weight.shape) for '\(path)'",
        found: "\(shape)", advice: "give the mask of the same tensor")
    }
    return true
  }

  /// Throws where an expression that was given names no weight, or a given mask has none: probably it is misspelt.
  private func checkNames(_ weights: [Weight]) throws(RecipeError) {
    let names = weights.flatMap { [$0.path] + $0.aliases.map(\.path) }
    for pattern in selector.included + selector.excluded + selector.only + rules.map(\.match) {
      let matcher = pattern.matcher()
      guard !names.contains(where: matcher.matches) else { continue }
      throw RecipeError(
        .notFound, "prune", expected: "a floating-point tensor whose name matches '\(pattern)'",
        found: "none among \(names.count)", advice: "look at the names and correct the expression")
    }
    guard case .masks(let masks) = criterion.source else { return }
    let known = Set(names)
    for path in masks.paths where !known.contains(path) {
      throw RecipeError(
        .notFound, "prune by the masks of \(masks.description)", expected: "a floating-point tensor '\(path)'",
        found: "none", advice: "take the mask out, or name the model it belongs to")
    }
  }

  private func nothingToPrune(_ left: [PruningPlan.LeftWhole], _ weights: [Weight]) -> RecipeError {
    if let first = left.first {
      return RecipeError(
        .notFound, "prune", expected: "weights whose shapes fit \(pattern)",
        found: "none among \(left.count), the first '\(weights[first.weight].path)': \(first.reason)",
        advice: "choose another pattern")
    }
    let counts = Role.counts(weights.compactMap(\.role)).map { "\($0.count) \($0.role.rawValue)" }
    return RecipeError(
      .notFound, "prune", expected: "weights: floating-point tensors of two or more dimensions, or such as are named",
      found: "none among \(weights.count) floating-point tensors"
        + (counts.isEmpty ? "" : " (\(counts.joined(separator: ", ")))"),
      advice: "name what is to be pruned all the same (--include), '.' for everything")
  }
}

extension PatternError {
  /// Why a shape does not fit, as a clause.
  var reason: String {
    switch self {
    case .invalid(let pattern): "\(pattern) is no pattern"
    case .dimension(let dimension, let shape): "there is no dimension \(dimension) in \(shape)"
    case .notDivisible(let dimension, let divisor, let shape):
      "\(shape.indices.contains(dimension) ? shape[dimension] : 0) in \(shape) is no multiple of \(divisor)"
    case .tooFewDimensions(_, let needed): "it has fewer than \(needed) dimensions"
    default: description
    }
  }
}
