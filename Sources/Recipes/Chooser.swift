/// A selector and rules, ready for many weights.
struct Chooser {
  /// What becomes of a weight.
  enum Verdict: Equatable {
    /// It is pruned, by a rule where there is one; `asked` tells that its name was given.
    case pruned(rule: Int?, asked: Bool)
    /// It stays as it is; `asked` tells that its name was given.
    case kept(asked: Bool)

    var isAskedFor: Bool { if case .pruned(_, asked: true) = self { true } else { false } }
  }

  private let selector: Selector
  private let included: [NamePattern.Matcher]
  private let excluded: [NamePattern.Matcher]
  private let only: [NamePattern.Matcher]
  private let rules: [(match: NamePattern.Matcher, isExclusion: Bool)]

  init(_ selector: Selector, _ rules: [Rule]) {
    self.selector = selector
    included = selector.included.map { $0.matcher() }
    excluded = selector.excluded.map { $0.matcher() }
    only = selector.only.map { $0.matcher() }
    self.rules = rules.map { ($0.match.matcher(), $0.action == .exclude) }
  }

  /// The verdict over all names of a weight. Where names disagree, those that were asked for decide, else it stays.
  func verdict(_ weight: Weight) -> Verdict {
    let verdicts =
      [verdict(weight.path, weight.role, weight)] + weight.aliases.map { verdict($0.path, $0.role, weight) }
    return verdicts.first { $0 == .kept(asked: true) } ?? verdicts.first(where: \.isAskedFor)
      ?? verdicts.first { $0 == .kept(asked: false) } ?? verdicts[0]
  }

  /// Where a weight stays only because another of its names has a role that is not pruned: the two names.
  func tie(_ weight: Weight) -> PruningPlan.Tie? {
    let names = [Weight.Alias(path: weight.path, rank: 0, role: weight.role)] + weight.aliases
    let verdicts = names.map { verdict($0.path, $0.role, weight) }
    guard let pruned = verdicts.firstIndex(of: .pruned(rule: nil, asked: false)),
      let kept = verdicts.firstIndex(of: .kept(asked: false)), !verdicts.contains(.kept(asked: true)),
      !verdicts.contains(where: \.isAskedFor)
    else { return nil }
    return PruningPlan.Tie(name: names[pruned].path, other: names[kept].path, role: names[kept].role)
  }

  private func verdict(_ name: String, _ role: Role, _ weight: Weight) -> Verdict {
    if excluded.contains(where: { $0.matches(name) }) { return .kept(asked: true) }
    let rule = rules.firstIndex { $0.match.matches(name) }
    if let rule, rules[rule].isExclusion { return .kept(asked: true) }
    if !only.isEmpty {
      return only.contains { $0.matches(name) } ? .pruned(rule: rule, asked: true) : .kept(asked: false)
    }
    if rule != nil || included.contains(where: { $0.matches(name) }) { return .pruned(rule: rule, asked: true) }
    guard selector.roles.contains(role) else { return .kept(asked: false) }
    if !selector.layers.isEmpty {
      guard let layer = weight.layer, selector.layers.contains(layer) else { return .kept(asked: false) }
    }
    return .pruned(rule: nil, asked: false)
  }
}
