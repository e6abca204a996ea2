import Compaction
import Console
import EngineMessages

/// What `bonsai compact` prints.
struct CompactReport: Encodable {
  /// Units that are alike, through all layers that they touch.
  struct Group: Encodable {
    var name: String
    var unitsBefore: Int
    var unitsAfter: Int
    /// Channels of the first layer that one unit has.
    var channelsOfAUnit: Int
    /// The weights that put the units out, and those that take them in.
    var outputs: [String]
    var inputs: [String]
  }

  /// A cost before and after.
  struct Total: Encodable {
    var before: Int
    var after: Int
  }

  /// A weight whose outputs stay whole.
  struct Whole: Encodable {
    var name: String
    var dimension: Int
    var reason: String
  }

  var schema = 1
  /// Nil for a dry run.
  var output: String?
  var groups: [Group]
  var totals: [String: Total]
  /// What a search has found; nil where how much goes was said.
  var budget: ChannelBudget?
  /// What came of recovery; nil where none was asked for.
  var recovery: RecoverResult?
  /// Nil where nothing was written, or there was no engine to run it.
  var proof: ProofResult?
  var leftWhole: [Whole]
  var unknown: [String]
  /// Units that are constant and stay.
  var keptDead: [Compactor.KeptDead]
  /// Of the analysis.
  var seconds: Double

  init(_ compactor: Compactor, _ choice: Compactor.Choice, keptDead: [Compactor.KeptDead], seconds: Double) {
    self.keptDead = keptDead
    let gone = Set(choice.units)
    groups = compactor.groups.map { group in
      func paths(_ isOutput: Bool) -> [String] {
        group.members.filter { $0.isParameter && $0.isOutput == isOutput }.map(\.path)
      }
      return Group(
        name: group.name, unitsBefore: group.units.count, unitsAfter: group.units.count { !gone.contains($0) },
        channelsOfAUnit: group.width, outputs: paths(true), inputs: paths(false))
    }
    totals = Dictionary(
      uniqueKeysWithValues: CompactionCost.allCases.map { cost in
        (
          cost.rawValue,
          Total(before: compactor.cost(cost, .init(units: [])), after: compactor.cost(cost, choice))
        )
      })
    leftWhole = compactor.leftWhole.map {
      Whole(name: $0.path, dimension: $0.dimension, reason: $0.reason.description)
    }
    unknown = compactor.unknownSteps.map(\.description)
    self.seconds = seconds
  }

  private enum Key: CodingKey {
    case schema, output, groups, totals, budget, recovery, proof, leftWhole, unknown, keptDead, seconds
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(schema, forKey: .schema)
    try container.encode(output, forKey: .output)
    try container.encode(groups, forKey: .groups)
    try container.encode(totals, forKey: .totals)
    try container.encodeIfPresent(budget, forKey: .budget)
    try container.encodeIfPresent(recovery, forKey: .recovery)
    // Said also where there is none.
    try container.encode(proof, forKey: .proof)
    try container.encode(leftWhole, forKey: .leftWhole)
    try container.encode(unknown, forKey: .unknown)
    try container.encode(keptDead, forKey: .keptDead)
    try container.encode(seconds, forKey: .seconds)
  }

  /// The report for people.
  var lines: [String] {
    var table = TextTable(columns: [
      .init("channels of", .left), .init("layers"), .init("units"), .init("left"), .init("of"),
    ])
    for group in groups {
      table.rows.append([
        group.name, (group.outputs.count + group.inputs.count).grouped,
        group.channelsOfAUnit == 1 ? "" : "of \(group.channelsOfAUnit)", group.unitsAfter.grouped,
        group.unitsBefore.grouped,
      ])
    }
    var sums = TextTable(columns: [.init("", .left), .init("before"), .init("after"), .init("share")])
    for cost in CompactionCost.allCases {
      guard let total = totals[cost.rawValue] else { continue }
      func text(_ value: Int) -> String { cost == .bytes ? value.bytes : value.grouped }
      sums.rows.append([
        cost == .macs ? "MACs" : cost.rawValue, text(total.before), text(total.after),
        (Double(total.after) / Double(max(total.before, 1))).exactPercent,
      ])
    }
    if let proof {
      sums.rows.append([
        "ms, batch \(proof.batch)", proof.millisecondsBefore.fixed(2), proof.millisecondsAfter.fixed(2),
        (1 / proof.speedup).exactPercent,
      ])
    }
    var lines = table.lines + [""] + sums.lines + [""]
    if let budget { lines += Self.lines(budget) + [""] }
    if let recovery { lines += RecoveryOptions.lines(recovery) + [""] }
    if let proof {
      lines.append(
        "proven: the largest difference is \(proof.float64.relative.significant(2)) of the largest output in float64, "
          + "\(proof.float32.relative.significant(2)) in float32")
    }
    lines += wholeLines
    lines.append(output.map { "written to \($0)" } ?? "nothing written")
    return lines
  }

  /// What was asked, expected and measured.
  private static func lines(_ budget: ChannelBudget) -> [String] {
    let words = BudgetWords(budget)
    let plans = TextTable(
      columns: [.init("plan")] + words.headings.map { .init($0) },
      rows: budget.attempts.enumerated().map { number, attempt in
        [number == budget.best ? "> \(number + 1)" : "\(number + 1)"] + words.cells(attempt)
      })
    return plans.lines + ["asked for: \(budget.goal). \(words.outcome)", words.conditions]
  }

  /// The report as a page.
  func page(of model: String, _ leftWhole: [Compactor.LeftWhole]) -> CompactionPage {
    var totals = CompactionCost.allCases.compactMap { cost in
      self.totals[cost.rawValue].map { total in
        func text(_ value: Int) -> String { cost == .bytes ? value.bytes : value.grouped }
        return CompactionPage.Total(
          name: cost == .macs ? "MACs" : cost.rawValue, before: text(total.before), after: text(total.after),
          share: Double(total.after) / Double(max(total.before, 1)))
      }
    }
    var remark = "Nothing was written, and so nothing proven."
    if output != nil { remark = "There was no bonsai-engine to run it: it is not proven, and not measured." }
    if let proof {
      totals.append(
        .init(
          name: "ms, batch \(proof.batch)", before: proof.millisecondsBefore.fixed(2),
          after: proof.millisecondsAfter.fixed(2), share: 1 / proof.speedup))
      remark =
        "Proven beside the model with zeros in the same places: outputs differ by \(proof.float64.relative.significant(2)) of "
        + "the largest in float64, by \(proof.float32.relative.significant(2)) in float32."
    }
    func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
    return CompactionPage(
      title: name(model) + (output.map { " made smaller: \(name($0))" } ?? ", what would go"), remark: remark,
      groups: groups.map {
        .init(
          name: $0.name, before: $0.unitsBefore * $0.channelsOfAUnit, after: $0.unitsAfter * $0.channelsOfAUnit,
          layers: $0.outputs + $0.inputs)
      },
      totals: totals, leftWhole: leftWhole, budget: budget)
  }

  /// What stays whole, by reason.
  private var wholeLines: [String] {
    var (order, names): ([String], [String: [String]]) = ([], [:])
    for whole in leftWhole {
      if names[whole.reason] == nil { order.append(whole.reason) }
      names[whole.reason, default: []].append(whole.name)
    }
    var lines = order.map { reason in
      let all = names[reason] ?? []
      let more = all.count > 4 ? " and \(all.count - 4) more" : ""
      return "whole: \(all.prefix(4).joined(separator: ", ").withoutControls)\(more): \(reason.withoutControls)"
    }
    for dead in keptDead {
      lines.append(
        "constant, but kept: \(dead.count.counted("channel")) of \(dead.group.withoutControls): \(dead.reason.withoutControls)"
      )
    }
    for step in unknown.prefix(8) { lines.append("not followed: \(step.withoutControls)") }
    if unknown.count > 8 { lines.append("not followed: \(unknown.count - 8) more, which --json lists") }
    return lines
  }
}
