import Graphs
import OrderedCollections
import Recipes
import Sparsity

/// Which units of each group go first, and how many of them may: what a search for a budget chooses from.
public struct UnitRanking: Codable, Hashable, Sendable {
  /// What may be taken of a group.
  public struct Group: Codable, Hashable, Sendable {
    /// The group's name.
    public var name: String
    /// The numbers of its units, those of the lowest scores first.
    public var order: [Int]
    /// How many of them may go, in rising order: multiples as the recipe rounds, just 0 for a group that stays whole, and
    /// just one number where a rule says it.
    public var steps: [Int]
  }

  /// All groups of the model, in its order.
  public var groups: [Group]
}

extension Compactor {
  /// What a search may choose from: scores, exclusions, rules, rounding and least shares by a recipe, whose target says
  /// nothing here.
  ///
  /// - Throws: `RecipeError` as ``choose(_:)``, ``CompactionError/nothingRemovable(_:)`` where nothing may go.
  public func ranking(_ recipe: CompactionRecipe) throws -> UnitRanking {
    var recipe = recipe
    recipe.target = .amount(0.0)
    try recipe.validate()
    guard unitCount > 0 else { throw nothingRemovable }
    let chooser = try chooser(recipe)
    let ranking = UnitRanking(groups: try groups.indices.map { try chooser.choices($0) })
    guard ranking.groups.contains(where: { $0.steps.count > 1 }) else { throw nothingRemovable }
    return ranking
  }

  /// The choice in which so many units of each group go.
  ///
  /// Of values that would be empty the best unit stays, by its place within its group.
  public func choice(_ ranking: UnitRanking, removing counts: [Int]) -> Choice {
    var gone = Set<Int>()
    var scores: [Int: Double] = [:]
    for (group, count) in zip(ranking.groups, counts) {
      gone.formUnion(group.order.prefix(count))
      for (place, unit) in group.order.enumerated() { scores[unit] = Double(place + 1) / Double(group.order.count) }
    }
    return Choice(units: withoutEmptyValues(gone) { scores[$0] ?? 0 })
  }
}
