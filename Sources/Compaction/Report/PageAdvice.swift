import Console

/// What to try next with a model that was made smaller, out of what is known of it.
struct PageAdvice {
  /// One sentence each.
  private(set) var lines: [String] = []

  init(_ page: CompactionPage) {
    if let budget = page.budget {
      budgetAdvice(budget)
    } else {
      lines.append(
        "Give some inputs with --data and a goal, such as --speedup 2 or --max-change 0.01: the channels are then chosen by "
          + "how little the outputs change, and this page shows the curve.")
    }
    let cut = page.groups.filter { $0.after < $0.before }
    let odd = cut.filter { $0.after % 8 != 0 && $0.before % 8 == 0 }
    if !odd.isEmpty {
      lines.append(
        "Round to what vector units like: --round-to 8; \(odd.count) of \(cut.count) smaller groups, such as "
          + "\(odd[0].name) with \(odd[0].after), are no multiple of 8.")
    }
    if let (reason, layers) = page.whole.max(by: { $0.layers.count < $1.layers.count }), layers.count > 1 {
      lines.append("\(layers.count) layers stay whole for one reason, \"\(reason)\": look whether that must be.")
    }
  }

  private mutating func budgetAdvice(_ budget: ChannelBudget) {
    let (table, chosen) = (budget.table, budget.chosen)
    // What a group spoils for what it saves, as far as it is cut now.
    let ratios = zip(table.groups, chosen.removed).compactMap { group, removed -> (name: String, ratio: Double)? in
      guard removed > 0, let option = group.options.first(where: { $0.removed >= removed }) else { return nil }
      let saved = 1 - table.cost(option) / table.cost
      return saved > 0 ? (group.name, option.error * option.error / saved) : nil
    }
    if ratios.count > 1, let worst = ratios.max(by: { $0.ratio < $1.ratio }) {
      lines.append(
        "'\(worst.name)' spoils most for what it saves: compare with a plan that keeps it whole, --keep.")
    }
    let free = zip(table.groups, chosen.removed).filter { group, removed in
      guard let last = group.options.last, removed < last.removed else { return false }
      return last.error <= 0.01
    }
    if !free.isEmpty {
      lines.append(
        "\(free.map { "'\($0.0.name)'" }.prefix(4).joined(separator: ", ")) could lose more for a relative error below 1 % "
          + "each: ask for more.")
    }
    let gap = chosen.measured.error / max(chosen.predicted.error, 1e-12)
    if gap > 1.5, chosen.predicted.error > 0 {
      lines.append(
        "Together the groups spoil \(gap.fixed(1)) times what each alone lets expect: go in two smaller cuts, with what brings "
          + "accuracy back between them.")
    }
    if chosen.measured.damage > 0 {
      lines.append(
        "Bring accuracy back with the same inputs and without labels: the whole model is the teacher of the small one.")
    }
  }
}
