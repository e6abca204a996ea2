import Recipes
import Sparsity

/// Which units go for a share, by scores that were taken once.
struct UnitChooser {
  private let recipe: CompactionRecipe
  private let groups: [UnitGroup]
  /// For each group the places of its units, those of the lowest scores first.
  private let order: [[Int]]
  /// For each group the scores of its units.
  private let scores: [[Double]]
  private let unitScores: [Int: Double]
  /// For each group what the rules say: nil for the recipe's target.
  private let targets: [Target?]
  /// For each group whether it stays.
  private let isKept: [Bool]
  /// All units that may go by the global target, as group and place, those of the lowest normalised scores first.
  private let ranking: [(group: Int, place: Int)]

  init(_ recipe: CompactionRecipe, _ groups: [UnitGroup], _ weights: UnitWeights) throws {
    self.recipe = recipe
    self.groups = groups
    let names = groups.map { group in group.members.filter(\.isOutput).map(\.path) }
    try Self.checkNames(recipe, Set(names.flatMap { $0 }))
    let only = recipe.selector.only.map { $0.matcher() }
    let excluded = recipe.selector.excluded.map { $0.matcher() }
    let rules = recipe.rules.map { ($0.match.matcher(), $0.action) }
    var (kept, targets): ([Bool], [Target?]) = ([], [])
    for names in names {
      let rule = rules.first { matcher, _ in names.contains(where: matcher.matches) }
      var stays = names.contains { name in excluded.contains { $0.matches(name) } }
      if !only.isEmpty, !names.contains(where: { name in only.contains { $0.matches(name) } }) { stays = true }
      var target: Target?
      switch rule?.1 {
      case .exclude?: stays = true
      case .prune(let own)?: target = own
      case nil: if recipe.target == nil { stays = true }
      }
      kept.append(stays)
      targets.append(target)
    }
    (isKept, self.targets) = (kept, targets)
    let scores = try zip(groups, kept).map { group, isKept -> [Double] in
      if isKept { return group.units.map { _ in 0 } }
      let scores = try recipe.criterion.scores(of: group, in: weights)
      guard let wrong = scores.first(where: \.isNaN) else { return scores }
      throw RecipeError(
        .notANumber, "rank the channels of '\(group.name)'", expected: "numbers", found: "\(wrong)",
        advice: "look for NaN among its weights with bonsai inspect")
    }
    self.scores = scores
    unitScores = Dictionary(
      uniqueKeysWithValues: zip(groups, scores).flatMap { group, scores in zip(group.units, scores) })
    order = scores.map { scores in scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) } }
    ranking = zip(groups.indices, scores).filter { !kept[$0.0] && targets[$0.0] == nil }.flatMap { group, scores in
      let mean = scores.reduce(0, +) / Double(max(scores.count, 1))
      return scores.enumerated().map { (group: group, place: $0, score: mean > 0 ? $1 / mean : 0) }
    }.sorted { ($0.score, $0.group, $0.place) < ($1.score, $1.group, $1.place) }.map { ($0.group, $0.place) }
  }

  /// The score of a unit by its number.
  func score(of unit: Int) -> Double { unitScores[unit] ?? 0 }

  /// The numbers of the units that go.
  func gone(_ amount: Amount) throws -> [Int] {
    var counts = [Int](repeating: 0, count: groups.count)
    if recipe.distribution.kind == .global {
      var left = try count(amount, of: ranking.count, "the model")
      for (group, _) in ranking where left > 0 && counts[group] < limit(group) {
        counts[group] += 1
        left -= 1
      }
    } else {
      for group in groups.indices where !isKept[group] && targets[group] == nil {
        counts[group] = try count(amount, of: groups[group].units.count, groups[group].name)
      }
    }
    for (group, target) in targets.enumerated() where !isKept[group] {
      guard let target else { continue }
      counts[group] = try count(target, in: group)
    }
    return groups.indices.flatMap { group in
      order[group].prefix(rounded(group, min(counts[group], limit(group)))).map { groups[group].units[$0] }
    }
  }

  /// What a search may take of a group: its units, those of the lowest scores first, and how many of them may go.
  func choices(_ group: Int) throws -> UnitRanking.Group {
    let units = groups[group].units
    var steps = [0]
    if let target = targets[group], !isKept[group] {
      steps = [rounded(group, min(try count(target, in: group), limit(group)))]
    } else if !isKept[group] {
      steps += (1...max(1, limit(group))).filter { $0 <= limit(group) && rounded(group, $0) == $0 }
    }
    return UnitRanking.Group(name: groups[group].name, order: order[group].map { units[$0] }, steps: steps)
  }

  /// How many units of a group a rule takes.
  private func count(_ target: Target, in group: Int) throws -> Int {
    let units = groups[group].units.count
    return switch target {
    case .amount(let amount): try count(amount, of: units, groups[group].name)
    case .sparsity(let share): try count(.fraction(share), of: units, groups[group].name)
    case .below(let threshold): scores[group].count { $0 < threshold }
    }
  }

  private func count(_ amount: Amount, of units: Int, _ name: String) throws -> Int {
    do throws(AmountError) { return try amount.entries(of: units) } catch {
      throw RecipeError(
        .unfit, "remove channels of '\(name)'", expected: "at most \(units)", found: "\(amount)",
        advice: "give a smaller number or a share")
    }
  }

  /// The most units of a group that may go.
  private func limit(_ group: Int) -> Int {
    let count = groups[group].units.count
    return count - max(1, min(count, Int((recipe.distribution.atLeast * Double(count)).rounded(.up))))
  }

  /// How many go so that the channels that stay are the nearest multiple.
  private func rounded(_ group: Int, _ gone: Int) -> Int {
    guard recipe.roundTo > 1, gone > 0 else { return gone }
    var (a, b) = (recipe.roundTo, groups[group].width)
    while b != 0 { (a, b) = (b, a % b) }
    let step = recipe.roundTo / a
    let count = groups[group].units.count
    let kept = max(1, (2 * (count - gone) + step) / (2 * step)) * step
    return max(0, count - kept)
  }

  /// Throws where an expression names no layer that puts channels out.
  private static func checkNames(_ recipe: CompactionRecipe, _ names: Set<String>) throws(RecipeError) {
    for pattern in recipe.selector.only + recipe.selector.excluded + recipe.rules.map(\.match) {
      let matcher = pattern.matcher()
      guard !names.contains(where: matcher.matches) else { continue }
      throw RecipeError(
        .notFound, "make a model smaller",
        expected: "a weight whose outputs can go and whose name matches '\(pattern)'",
        found: "none among \(names.count)", advice: "look at the names with --dry-run and correct the expression")
    }
  }
}
