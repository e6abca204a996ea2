import Foundation
import Recipes
import Testing

@Suite("Budgets: least damage for a cost")
struct BudgetTests {
  /// SplitMix64, for tables that are the same each time.
  private struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var bits = state
      bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
      bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
      return bits ^ (bits >> 31)
    }
  }

  private static func table(_ numbers: inout Numbers, wholeCosts: Bool) -> BudgetTable {
    let rows = (0..<Int.random(in: 1...5, using: &numbers)).map { row in
      BudgetTable.Row(
        name: "row\(row)",
        options: (0..<Int.random(in: 1...5, using: &numbers)).map { _ in
          let cost = Double.random(in: 0...100, using: &numbers)
          return .init(
            cost: wholeCosts ? cost.rounded() : cost, damage: Double.random(in: -0.1...1, using: &numbers))
        })
    }
    return BudgetTable(unit: "weights", rows: rows, rest: Double.random(in: 0...20, using: &numbers).rounded())
  }

  /// The least damage of all choices that cost at most so much; nil where there is none.
  private static func leastDamage(_ table: BudgetTable, costing most: Double) -> Double? {
    var choices = [[Int]]([[]])
    for row in table.rows { choices = choices.flatMap { choice in row.options.indices.map { choice + [$0] } } }
    return choices.filter { table.cost(of: $0) <= most + 1e-9 }.map(table.damage(of:)).min()
  }

  @Test("against all choices of small random tables: never dearer than the target, no worse than the bound says")
  func exhaustive() throws {
    var numbers = Numbers(state: 1)
    var exact = 0
    for round in 0..<300 {
      let table = Self.table(&numbers, wholeCosts: round % 2 == 0)
      let solver = try BudgetSolver(table, resolution: [7, 50, 1000][round % 3])
      let reach = try #require(table.reach)
      #expect(solver.reach == reach)
      let target = Double.random(in: reach.lowerBound...(reach.upperBound * 1.1 + 1), using: &numbers)
      let plan = try solver.plan(costing: target)
      #expect(plan.cost <= target + 1e-9 && plan.cost == table.cost(of: plan.choices))
      #expect(plan.damage == table.damage(of: plan.choices))
      let best = try #require(Self.leastDamage(table, costing: target))
      #expect(plan.damage >= best - 1e-12)
      if plan.slack == 0 {
        exact += 1
        #expect(abs(plan.damage - best) < 1e-12, "round \(round)")
      } else if let bound = Self.leastDamage(table, costing: target - plan.slack) {
        #expect(plan.damage <= bound + 1e-12, "round \(round)")
      }
    }
    // Whole costs in small tables are not rounded at all.
    #expect(exact > 100)
  }

  @Test("of equal damage the cheaper choice is taken, and what is free always")
  func ties() throws {
    let row = BudgetTable.Row(
      name: "a", options: [.init(cost: 9, damage: 1), .init(cost: 4, damage: 1), .init(cost: 1, damage: 2)])
    let solver = try BudgetSolver(BudgetTable(unit: "ms", rows: [row, row]))
    #expect(try solver.plan(costing: 100).choices == [1, 1])
    #expect(try solver.plan(costing: 5).cost == 5)
    #expect(try solver.plan(costing: 2).choices == [2, 2])
    #expect(try solver.plan(costing: .infinity).damage == 2)
    #expect(try BudgetSolver(BudgetTable(unit: "ms", rows: [], rest: 3)).plan(costing: 3).choices.isEmpty)
  }

  @Test("what cannot be reached is an error with what can")
  func unreachable() throws {
    let row = BudgetTable.Row(name: "a", options: [.init(cost: 9, damage: 1), .init(cost: 4, damage: 2)])
    let solver = try BudgetSolver(BudgetTable(unit: "ms", rows: [row, row], rest: 1))
    #expect(throws: BudgetError.outOfReach(target: 8, reach: 9...19, unit: "ms")) { try solver.plan(costing: 8) }
    #expect(throws: BudgetError.self) { try solver.plan(costing: .nan) }
    #expect(throws: BudgetError.noOptions(row: "b")) {
      try BudgetSolver(BudgetTable(unit: "ms", rows: [row, .init(name: "b", options: [])]))
    }
    for wrong in [
      BudgetTable.Option(cost: .nan, damage: 0), .init(cost: .infinity, damage: 0), .init(cost: 0, damage: .nan),
    ] {
      #expect(throws: BudgetError.self) {
        try BudgetSolver(BudgetTable(unit: "ms", rows: [row, .init(name: "b", options: [wrong])]))
      }
    }
    let text = "\(BudgetError.outOfReach(target: 8, reach: 9...19, unit: "ms"))"
    #expect(text.contains("9.0") && text.contains("found 8.0"))
  }

  @Test("a target that lacks a hair's breadth of what the cheapest choice costs gets that choice")
  func hairsBreadth() throws {
    let whole = BudgetTable.Row(
      name: "a", options: [.init(cost: 1_500_000_000, damage: 1), .init(cost: 1_600_000_000, damage: 0)])
    let plan = try BudgetSolver(BudgetTable(unit: "bytes", rows: [whole])).plan(costing: 1_499_999_999)
    #expect(plan.choices == [0] && plan.slack == 0)
    let rows = [[0.1, 1.1], [0.2]].map { costs in
      BudgetTable.Row(name: "b", options: costs.map { .init(cost: $0, damage: 1 - $0 / 2) })
    }
    // 0.1 + 0.2 is more than 0.3.
    #expect(try BudgetSolver(BudgetTable(unit: "ms", rows: rows)).plan(costing: 0.3).choices == [0, 0])
    let apart = BudgetTable.Row(name: "c", options: [.init(cost: 0.1, damage: 1), .init(cost: 0.35, damage: 0)])
    #expect(try BudgetSolver(BudgetTable(unit: "ms", rows: [apart, rows[1]])).plan(costing: 0.3).choices == [0, 0])
  }

  @Test("an option that must not be taken has endless damage")
  func forbidden() throws {
    let row = BudgetTable.Row(name: "a", options: [.init(cost: 9, damage: 1), .init(cost: 4, damage: .infinity)])
    let solver = try BudgetSolver(BudgetTable(unit: "ms", rows: [row, row]))
    #expect(try solver.plan(costing: 18).choices == [0, 0])
    #expect(try solver.plan(costing: 17).damage == .infinity)
  }

  @Test("tables and plans pass through JSON")
  func coding() throws {
    var numbers = Numbers(state: 2)
    let table = Self.table(&numbers, wholeCosts: false)
    #expect(try JSONDecoder().decode(BudgetTable.self, from: JSONEncoder().encode(table)) == table)
    let plan = try BudgetSolver(table).plan(costing: 1e9)
    #expect(try JSONDecoder().decode(BudgetPlan.self, from: JSONEncoder().encode(plan)) == plan)
  }
}
