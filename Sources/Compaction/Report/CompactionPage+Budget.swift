import Console
import Pictures

extension CompactionPage {
  /// What was asked, expected and measured; the curve; what single groups cost and spoil.
  func budgetSections(_ budget: ChannelBudget) -> [String] {
    let words = BudgetWords(budget)
    let plans = Self.table(
      ["plan"] + words.headings, budget.attempts.enumerated().map { ["\($0 + 1)"] + words.cells($1) },
      marked: budget.best)
    let wanted = Markup.escaped("Asked for: \(budget.goal). \(words.outcome)")
    let measured = Markup.escaped(words.conditions)
    return [
      "<section>\n<h2>What was asked, expected and measured</h2>\n<p>\(wanted)</p>\n\(plans)\n<p>\(measured)</p>\n</section>",
      "<section>\n<h2>Gain against change</h2>\n\(curve(budget, words))\n</section>",
      "<section>\n<h2>Groups cut alone, as far as was measured</h2>\n\(alone(budget, words))\n</section>",
    ]
  }

  private func curve(_ budget: ChannelBudget, _ words: BudgetWords) -> String {
    func point(_ figures: ChannelForecast.Figures) -> SVGDocument.Point { (budget.gain(figures), figures.damage) }
    return LinePlot(
      "\(words.gainName) against \(words.damageName)",
      subtitle: "the curve is what to expect, the points are plans that were made and measured on held-out inputs",
      x: .init(words.gainName) { $0.significant(3) }, y: .init(words.damageName, \.percent),
      [
        .init("expected", budget.curve.reversed().map(point)),
        .init("measured", budget.attempts.map { point($0.measured) }.sorted { $0.x < $1.x }, isLoose: true),
      ]
    ).svg
  }

  /// For each group what its middle and its last step save and spoil.
  private func alone(_ budget: ChannelBudget, _ words: BudgetWords) -> String {
    let rows = budget.table.groups.filter { $0.options.count > 1 }.map { group in
      [group.name]
        + [group.options[group.options.count / 2], group.options[group.options.count - 1]].flatMap { option in
          [
            "\(group.units - option.removed) of \(group.units)",
            ((1 - budget.table.cost(option) / budget.table.cost)).percent,
            (option.change ?? option.error).percent,
          ]
        }
    }
    return Self.table(["channels of", "left", "saves", "changes", "left", "saves", "changes"], rows)
  }
}

/// The numbers of a search in words.
package struct BudgetWords {
  private let budget: ChannelBudget

  /// Of a search.
  package init(_ budget: ChannelBudget) { self.budget = budget }

  private var isTime: Bool { budget.table.unit == "ms" }
  private var hasClasses: Bool { budget.chosen.measured.change != nil }

  /// What more of is better.
  var gainName: String { isTime ? "times as fast" : "times fewer \(unit)" }
  /// What less of is better.
  var damageName: String { hasClasses ? "top classes changed" : "relative error of the outputs" }

  private var unit: String { budget.table.unit == "macs" ? "MACs" : budget.table.unit }

  /// What columns of ``cells(_:)`` are called.
  package var headings: [String] {
    ["\(unit) expected", "measured", "\(gainName) expected", "measured"]
      + (hasClasses ? ["top classes changed, expected", "measured"] : []) + ["relative error expected", "measured"]
  }

  /// A plan's numbers.
  package func cells(_ attempt: ChannelSearch.Attempt) -> [String] {
    func pair(_ text: (ChannelForecast.Figures) -> String) -> [String] {
      [text(attempt.predicted), text(attempt.measured)]
    }
    return pair { isTime ? $0.cost.fixed(2) : Int($0.cost.rounded()).grouped } + pair { budget.gain($0).fixed(2) }
      + (hasClasses ? pair { ($0.change ?? 0).percent } : []) + pair { $0.error.percent }
  }

  /// Whether it is met.
  package var outcome: String {
    switch budget.goal {
    case .change: "The cheapest plan that was found is marked."
    case .speedup, .cost:
      budget.isMet
        ? "Met within 5 % by the plan that is marked."
        : "Not met within 5 %: of what was tried the plan that is marked comes nearest; groups go in too large steps, or times "
          + "vary because other programs run."
    }
  }

  /// How it was measured.
  package var conditions: String {
    "Measured on \(budget.samples.calibration) inputs for single groups and \(budget.samples.heldOut) held-out ones for plans"
      + (isTime ? "; batch \(budget.batch), \(budget.threads.counted("thread"))" : "")
      + "; \((budget.seconds.table + budget.seconds.search).fixed(1)) s."
  }
}
