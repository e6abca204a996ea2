import Recipes
import Sparsity

/// What has come of a search for the channels that reach a ``BudgetGoal``.
public struct ChannelBudget: Codable, Hashable, Sendable {
  /// What is asked of a search, for another process.
  package struct Request: Codable, Sendable {
    package var schema = 1
    /// What is wanted.
    package var goal: BudgetGoal
    /// How the model is looked at.
    package var options: CompactionOptions
    /// What may go.
    package var ranking: UnitRanking

    /// A request.
    package init(goal: BudgetGoal, options: CompactionOptions, ranking: UnitRanking) {
      (self.goal, self.options, self.ranking) = (goal, options, ranking)
    }
  }

  /// The version of its JSON.
  public var schema = 1
  /// What was wanted.
  public var goal: BudgetGoal
  /// What was measured of single groups.
  public var table: ChannelTable
  /// The plans that were tried, in turn: what was expected of each, and what came out.
  public var attempts: [ChannelSearch.Attempt]
  /// The place of the one that was chosen.
  public var best: Int
  /// Whether it is within 5 % of what was wanted; where not, the steps of the groups are too large for that, or times vary.
  public var isMet: Bool
  /// What may be expected of other targets, cheapest first: the curve of cost against change.
  public var curve: [ChannelForecast.Figures]
  /// How many inputs the table was measured on, and how many the plans.
  public var samples: Samples
  /// How many samples were run at once where time was measured.
  public var batch: Int
  /// How many threads ran.
  public var threads: Int
  /// How long it took.
  public var seconds: Seconds

  /// Numbers of inputs.
  public struct Samples: Codable, Hashable, Sendable {
    /// Those that single groups were measured on.
    public var calibration: Int
    /// Those that plans were measured on.
    public var heldOut: Int

    /// Numbers.
    public init(calibration: Int, heldOut: Int) { (self.calibration, self.heldOut) = (calibration, heldOut) }
  }

  /// Times.
  public struct Seconds: Codable, Hashable, Sendable {
    /// Measuring single groups.
    public var table: Double
    /// Trying plans.
    public var search: Double

    /// Times.
    public init(table: Double, search: Double) { (self.table, self.search) = (table, search) }
  }

  /// What came of a search.
  public init(
    goal: BudgetGoal, _ forecast: ChannelForecast, _ result: ChannelSearch.Result, samples: Samples, batch: Int,
    threads: Int, seconds: Seconds
  ) throws {
    (self.goal, table, self.samples, self.batch) = (goal, forecast.table, samples, batch)
    (attempts, best, isMet) = (result.attempts, result.best, result.isMet)
    (self.threads, self.seconds) = (threads, seconds)
    let least = result.attempts.map(\.measured.cost).min() ?? forecast.table.cost
    curve = try forecast.curve(through: 2 * forecast.table.cost / max(least, 1e-12))
  }

  /// The plan that was chosen.
  public var chosen: ChannelSearch.Attempt { attempts[best] }

  /// The plan that was chosen as a recipe, for what takes recipes and not choices, such as `Module.compact`.
  ///
  /// - Parameters:
  ///   - criterion: what ranked the units of a group.
  ///   - compactor: of the model.
  public func recipe(_ criterion: any UnitCriterion = GroupMagnitude(), for compactor: Compactor) -> CompactionRecipe {
    let rules = zip(compactor.groups, chosen.removed).compactMap { group, removed in
      group.members.first(where: \.isOutput).map { member in
        Rule(NamePattern(exactly: member.path), removed > 0 ? .prune(.amount(.count(removed))) : .exclude)
      }
    }
    return CompactionRecipe(criterion, target: nil, rules: rules)
  }

  /// How many times less a model costs than the whole one, as many times as fast where costs are milliseconds.
  public func gain(_ figures: ChannelForecast.Figures) -> Double { table.cost / figures.cost }
}

extension ChannelForecast {
  /// What may be expected of models that cost up to so many times less, as far as that is possible, cheapest first.
  func curve(through most: Double, points count: Int = 8) throws -> [Figures] {
    let gain = min(most, table.cost / max(cost(leastPlaces), 1e-12))
    var points: [Figures] = []
    for step in (0...count).reversed() {
      let times = 1 + (gain - 1) * Double(step) / Double(count)
      let figures = figures(try plan(costing: table.cost / times))
      if points.last != figures { points.append(figures) }
    }
    return points
  }
}
