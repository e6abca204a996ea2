import Foundation
import Recipes
import Testing

@testable import Compaction

/// Channels chosen for a goal.
@Suite struct BudgetTests {
  /// Three linear layers, whose hidden units are two groups.
  private static func compactor() throws -> Compactor {
    try FactTests.compactor([
      FactTests.rows(12, 5) { Double(1 + ($0 * 7 + $1 * 3) % 11) }, FactTests.rows(8, 12) { Double(1 + ($0 + $1) % 5) },
      FactTests.rows(3, 8) { Double($0 - $1) },
    ])
  }

  /// What every step of every group costs, and what it spoils by a rule.
  private static func table(
    _ compactor: Compactor, _ ranking: UnitRanking, _ cost: CompactionCost, error: (Int, Double) -> Double
  ) -> ChannelTable {
    func parts(_ counts: [Int]) -> [Double] {
      compactor.parts(cost, compactor.choice(ranking, removing: counts)).map(Double.init)
    }
    let none = ranking.groups.map { _ in 0 }
    let whole = parts(none)
    return ChannelTable(
      unit: cost.rawValue, parts: whole,
      groups: ranking.groups.enumerated().map { number, group in
        ChannelTable.Group(
          name: group.name, units: group.order.count, steps: group.steps,
          options: group.steps.map { removed in
            var counts = none
            counts[number] = removed
            let shares = zip(whole, parts(counts)).enumerated().filter { $1.0 != $1.1 }.map { ($0, $1.1 / $1.0) }
            let share = Double(removed) / Double(group.order.count)
            return .init(
              removed: removed, shares: Dictionary(uniqueKeysWithValues: shares), error: error(number, share),
              change: error(number, share) / 2)
          })
      })
  }

  @Test func whatMayGoFollowsTheRecipe() throws {
    let compactor = try Self.compactor()
    let all = try compactor.ranking(CompactionRecipe(target: nil))
    #expect(all.groups.map(\.steps) == [Array(0..<12), Array(0..<8)])
    // The order is that of the recipe's choices.
    for count in 1..<8 {
      let choice = try compactor.choose(CompactionRecipe(target: .amount(.count(count))))
      #expect(compactor.choice(all, removing: [count, count]) == choice)
    }
    let rounded = try compactor.ranking(
      CompactionRecipe(target: nil, distribution: .uniform.keeping(atLeast: 0.5), roundTo: 4))
    #expect(rounded.groups.map(\.steps) == [[0, 4], [0, 4]])
    let rules = [Rule(try NamePattern("fc1"), .exclude), Rule(try NamePattern("fc2"), .prune(.amount(0.25)))]
    #expect(throws: CompactionError.self) { try compactor.ranking(CompactionRecipe(target: nil, rules: rules)) }
    let ruled = try compactor.ranking(CompactionRecipe(target: nil, rules: [rules[1]]))
    #expect(ruled.groups[1].steps == [2] && ruled.groups[0].steps.count == 12)
    #expect(try JSONDecoder().decode(UnitRanking.self, from: JSONEncoder().encode(ruled)) == ruled)
  }

  @Test(arguments: CompactionCost.allCases)
  func countedCostsAreForecastExactly(_ cost: CompactionCost) throws {
    let compactor = try Self.compactor()
    let ranking = try compactor.ranking(CompactionRecipe(target: nil))
    let forecast = ChannelForecast(Self.table(compactor, ranking, cost) { _, share in share })
    for a in 0..<12 {
      for b in 0..<8 {
        let wanted = compactor.cost(cost, compactor.choice(ranking, removing: [a, b]))
        #expect(abs(forecast.cost([a, b]) - Double(wanted)) < 1e-9)
      }
    }
    let figures = forecast.figures([6, 4])
    #expect(abs(figures.error - 0.5.squareRoot()) < 1e-12 && abs((figures.change ?? 0) - (1 - 0.75 * 0.75)) < 1e-12)
  }

  /// Of all plans that cost no more, the one found is the best or spoils hardly more.
  @Test func plansAreNearTheBest() throws {
    let compactor = try Self.compactor()
    let ranking = try compactor.ranking(CompactionRecipe(target: nil))
    let rules: [(Int, Double) -> Double] = [
      { $0 == 0 ? $1 * $1 : 3 * $1 }, { $0 == 0 ? 4 * $1 : $1 }, { 1 / (1.01 - $1) - Double($0) * $1 / 2 - 1 / 1.01 },
    ]
    for error in rules {
      let forecast = ChannelForecast(Self.table(compactor, ranking, .macs, error: error))
      for share in [0.15, 0.3, 0.5, 0.7, 0.9, 1] {
        let target = share * forecast.table.cost
        let found = try forecast.plan(costing: target)
        let best = (0..<12).flatMap { a in (0..<8).map { [a, $0] } }.filter { forecast.cost($0) <= target + 1e-9 }
          .map { forecast.figures($0).error }.min()
        #expect(forecast.cost(found) <= target + 1e-6)
        #expect(forecast.figures(found).error <= (try #require(best)) * 1.1 + 1e-9, "\(share)")
      }
    }
  }

  @Test func stepsBetweenMeasuredOnesLieOnALine() {
    let options = [(0, 1.0, 0.0), (4, 0.5, 0.2), (8, 0.25, 0.6)].map {
      ChannelTable.Option(removed: $0.0, shares: $0.0 == 0 ? [:] : [1: $0.1], error: $0.2, change: nil)
    }
    let forecast = ChannelForecast(
      ChannelTable(
        unit: "ms", parts: [1, 2, 3], groups: [.init(name: "a", units: 9, steps: Array(0...8), options: options)]))
    #expect(forecast.cost([2]) == 5.5 && forecast.cost([6]) == 4.75 && forecast.cost([8]) == 4.5)
    #expect(abs(forecast.figures([6]).error - 0.4) < 1e-12 && forecast.figures([6]).change == nil)
    #expect(forecast.table.cost(options[1]) == 5)
  }

  /// A machine on which everything takes longer than expected, the more the smaller the model is.
  @Test func searchesUntilItIsMet() throws {
    let compactor = try Self.compactor()
    let ranking = try compactor.ranking(CompactionRecipe(target: nil))
    let forecast = ChannelForecast(Self.table(compactor, ranking, .macs) { $1 * Double($0 + 1) })
    let whole = forecast.table.cost
    func measured(_ removed: [Int]) -> ChannelForecast.Figures {
      let figures = forecast.figures(removed)
      return .init(cost: 0.2 * whole + 0.8 * figures.cost, error: figures.error * 1.5, change: figures.change)
    }
    for times in [1.3, 1.5, 2, 3] {
      let found = try ChannelSearch.run(.speedup(times), forecast, measure: measured)
      #expect(found.isMet)
      #expect(abs(whole / found.attempts[found.best].measured.cost / times - 1) < 0.06, "\(times)")
      #expect(found.attempts.count <= 6)
    }
    #expect(throws: CompactionError.self) { try ChannelSearch.run(.speedup(6), forecast, measure: measured) }
    for share in [0.05, 0.2, 0.5] {
      let found = try ChannelSearch.run(.change(share), forecast, measure: measured)
      let best = found.attempts[found.best].measured
      #expect(best.damage <= share && best.cost < whole)
      // Nothing that was tried is cheaper and changes no more.
      #expect(!found.attempts.contains { $0.measured.damage <= share && $0.measured.cost < best.cost })
    }
    do {
      _ = try ChannelSearch.run(.change(1e-6), forecast, measure: measured)
      Issue.record("nothing can go for that")
    } catch let error as CompactionError {
      #expect("\(error)".contains("expected a way to change at most"))
    }
  }

  @Test func thePageIsWholeInItself() throws {
    let compactor = try Self.compactor()
    let ranking = try compactor.ranking(CompactionRecipe(target: nil))
    var table = Self.table(compactor, ranking, .macs) { $1 * Double($0 + 1) }
    table.groups[0].name = "<script>alert(1)</script>"
    let forecast = ChannelForecast(table)
    let result = try ChannelSearch.run(.cost(.macs, 90), forecast) { forecast.figures($0) }
    let budget = try ChannelBudget(
      goal: .cost(.macs, 90), forecast, result, samples: .init(calibration: 3, heldOut: 1), batch: 1, threads: 1,
      seconds: .init(table: 1, search: 1))
    let page = CompactionPage(
      title: "a & b", groups: [.init(name: "\"><img src=x>", before: 8, after: 3, layers: ["'<b>"])],
      totals: [.init(name: "MACs", before: "2", after: "1", share: 0.5)], leftWhole: compactor.leftWhole, budget: budget
    )
    let html = page.html
    #expect(html.hasPrefix("<!DOCTYPE html>") && html.contains("a &amp; b") && html.contains("<svg"))
    #expect(html.contains("&lt;script&gt;") && html.contains("&quot;&gt;&lt;img src=x&gt;"))
    for wrong in ["<script", "<img", "<b>", "<link", "@import", "url("] { #expect(!html.contains(wrong), "\(wrong)") }
    // The only address is the name of SVG.
    #expect(
      html.components(separatedBy: "http").count - 1 == html.components(separatedBy: "http://www.w3.org/2000/svg").count
        - 1
        + html.components(separatedBy: "http-equiv").count - 1)
    #expect(html.contains("default-src 'none'") && html.contains("What to try next"))
    #expect(try JSONDecoder().decode(ChannelBudget.self, from: JSONEncoder().encode(budget)) == budget)
  }
}
