import Checkpoints
import Foundation
import Graphs
import Testing

@testable import bonsai

/// Exported models made smaller on the command line.
@Suite(.serialized) struct CompactTests {
  let scratch = Scratch()

  /// A model beside the tests of `Graphs`.
  func model(_ name: String) -> String { fixture("../../GraphsTests/Fixtures/\(name).pt2") }

  @Test func writesAProvenModel() throws {
    let small = scratch("small.pt2")
    let outcome = try bonsai("compact", model("rotary"), "-o", small, "--parameters", "0.6", "--runs", "1")
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.lines.contains { $0.hasPrefix("proven: the largest difference is ") })
    #expect(outcome.lines.contains("written to \(small)"))
    let before = try ExportedProgram(contentsOf: model("rotary")).parameterCount
    let after = try ExportedProgram(contentsOf: small).parameterCount
    #expect(abs(Double(after) / Double(before) - 0.6) < 0.05)
    #expect(try bonsai("verify", small).status == 0)
    // Nothing is left beside it, and it is not replaced unasked.
    #expect(scratch.names == ["small.pt2"])
    #expect(try bonsai("compact", model("rotary"), "-o", small, "--amount", "0.5").status == 2)
  }

  @Test func dryRunTellsAndWritesNothing() throws {
    let report = try bonsai("compact", model("rotary"), "--amount", "0.5", "--dry-run", "--json").json()
    #expect(report["schema"] as? Int == 1)
    #expect(report["proof"] is NSNull && report["output"] is NSNull)
    let groups = try #require(report["groups"] as? [[String: Any]])
    #expect(!groups.isEmpty)
    for group in groups {
      let (before, after) = (group["units_before"] as? Int ?? 0, group["units_after"] as? Int ?? 0)
      #expect(before > after && after > 0)
    }
    let totals = try #require(report["totals"] as? [String: [String: Int]])
    for cost in ["parameters", "macs", "bytes"] {
      let total = try #require(totals[cost])
      #expect(try #require(total["after"]) < #require(total["before"]))
    }
    #expect(scratch.names == [])
  }

  @Test func recipesAndRulesAreThoseOfPrune() throws {
    func left(_ arguments: String...) throws -> [Int] {
      let report = try run("bonsai", ["compact", model("rotary"), "--dry-run", "--json"] + arguments).json()
      return try #require(report["groups"] as? [[String: Any]]).compactMap { $0["units_after"] as? Int }
    }
    let (recipe, rules) = (scratch("recipe.json"), scratch("rules.toml"))
    try #"{"criterion": "magnitude", "target": {"amount": 0.5}}"#.write(
      toFile: recipe, atomically: true, encoding: .utf8)
    try "[[rule]]\nmatch = 'gate'\nexclude = true\n".write(toFile: rules, atomically: true, encoding: .utf8)
    let half = try left("--amount", "0.5")
    #expect(try left("--recipe", recipe) == half)
    let kept = try left("--amount", "0.5", "--rules", rules)
    #expect(zip(kept, half).count { $0 != $1 } == 1)
    #expect(try left("--amount", "0.5", "--keep", "gate") == kept)
    #expect(try left("--amount", "0.5", "--criterion", "fpgm", "--distribution", "global", "--at-least", "0.9") != half)
    #expect(try left("--amount", "100%", "--recipe", recipe).allSatisfy { $0 == 1 })
  }

  @Test func zerosThatAreThereGo() throws {
    let (zeros, small) = (scratch("zeros.pt2"), scratch("small.pt2"))
    #expect(
      try bonsai(
        "prune", model("rotary"), "-o", zeros, "--pattern", "structured", "--amount", "0.5", "--only", "gate.weight"
      ).status == 0)
    let report = try bonsai("compact", zeros, "-o", small, "--zeros", "--runs", "1", "--json").json()
    let groups = try #require(report["groups"] as? [[String: Any]])
    let gate = try #require(groups.first { ($0["outputs"] as? [String])?.contains("gate.weight") == true })
    #expect(gate["units_after"] as? Int == (gate["units_before"] as? Int ?? 0) / 2)
    let proof = try #require(report["proof"] as? [String: Any])
    #expect(try #require((proof["float64"] as? [String: Any])?["relative"] as? Double) < 1e-12)
  }

  @Test func withoutEngineItIsNotProven() throws {
    let small = scratch("small.pt2")
    let outcome = try run(
      URL(fileURLWithPath: "/usr/bin/env"),
      [
        "BONSAI_ENGINE=/none", products.appendingPathComponent("bonsai").path, "compact", model("rotary"), "-o", small,
        "--amount", "0.5", "--json",
      ])
    #expect(outcome.status == 0)
    #expect(outcome.error.hasPrefix("bonsai: note: not proven: there is no bonsai-engine"))
    #expect(try outcome.json()["proof"] is NSNull)
    #expect(try ExportedProgram(contentsOf: small).graph.problems.isEmpty)
  }

  /// Token numbers for the model, drawn by a rule.
  private func data() throws -> String {
    let path = scratch("data.safetensors")
    let ids: [Int64] = (0..<168).map { (place: Int) -> Int64 in Int64((place * 7 + place / 5) % 20) }
    try Checkpoint.write(
      [TensorSource(name: "ids", type: .i64, shape: [24, 7], elements: ids)], as: .safetensors, to: path)
    return path
  }

  @Test func searchesForAGoalAndTellsOnAPage() throws {
    let (small, page) = (scratch("small.pt2"), scratch("report.html"))
    let outcome = try bonsai(
      "compact", model("rotary"), "-o", small, "--macs", "0.7", "--data", try data(), "--runs", "1", "--report", page,
      "--json")
    #expect(outcome.status == 0, "\(outcome.error)")
    let budget = try #require(try outcome.json()["budget"] as? [String: Any])
    #expect(budget["schema"] as? Int == 1)
    let attempts = try #require(budget["attempts"] as? [[String: Any]])
    let best = try #require(budget["best"] as? Int)
    let chosen = attempts[best]
    let measured = try #require((chosen["measured"] as? [String: Any])?["cost"] as? Double)
    let totals = try #require(try outcome.json()["totals"] as? [String: [String: Int]])
    #expect(Int(measured) == totals["macs"]?["after"])
    #expect(try bonsai("verify", small).status == 0)
    let html = try String(contentsOfFile: page, encoding: .utf8)
    #expect(html.contains("rotary.pt2 made smaller: small.pt2") && html.contains("What to try next"))
    #expect(scratch.names == ["data.safetensors", "report.html", "small.pt2"])
    // Without inputs there is a page too.
    let other = scratch("other.html")
    #expect(try bonsai("compact", model("rotary"), "--dry-run", "--amount", "0.5", "--report", other).status == 0)
    #expect(try String(contentsOfFile: other, encoding: .utf8).contains("--max-change"))
  }

  @Test func refusesGoalsThatCannotBe() throws {
    let (small, data) = (scratch("small.pt2"), try data())
    func error(_ arguments: String..., status: Int32 = 64) throws -> String {
      let outcome = try run("bonsai", ["compact", model("rotary"), "-o", small] + arguments)
      #expect(outcome.status == status, "\(arguments): \(outcome.error)")
      return outcome.error
    }
    #expect(try error("--speedup", "2").contains("expected --data beside it"))
    #expect(try error("--speedup", "1", "--data", data).contains("expected more than 1"))
    #expect(try error("--speedup", "2", "--max-change", "0.1", "--data", data).contains("found both"))
    #expect(try error("--speedup", "2", "--macs", "0.5", "--data", data).contains("expected one of"))
    #expect(try error("--amount", "0.5", "--data", data).contains("expected a goal beside it"))
    #expect(try error("--macs", "0.5", "--data", data, "--distribution", "global").contains("--distribution"))
    #expect(try error("--macs", "0.001", "--data", data, status: 2).contains("expected a way to keep"))
    #expect(try error("--macs", "0.5", "--data", scratch("none.npz"), status: 2).contains("none.npz"))
    #expect(scratch.names == ["data.safetensors"])
  }

  @Test func refusesWhatCannotBe() throws {
    let small = scratch("small.pt2")
    func error(_ arguments: String..., status: Int32 = 2) throws -> String {
      let outcome = try run("bonsai", ["compact"] + arguments)
      #expect(outcome.status == status, "\(arguments): \(outcome.error)")
      return outcome.error
    }
    #expect(
      try error(model("rotary"), "-o", small, "--parameters", "0.01")
        .hasPrefix(
          "bonsai: make the model smaller: expected a way to keep a share of 0.01 of the parameters, found that"))
    #expect(
      try error(model("rotary"), "-o", small, "--amount", "0.5", "--keep", "nowhere")
        .hasPrefix(
          "bonsai: make a model smaller: expected a weight whose outputs can go and whose name matches 'nowhere'"))
    #expect(try error(model("rotary"), "-o", small, status: 64).contains("expected --amount, --macs"))
    #expect(
      try error(model("rotary"), "-o", small, "--amount", "0.5", "--macs", "0.5", status: 64).contains(
        "expected one of"))
    #expect(try error(model("rotary"), "--amount", "0.5", status: 64).contains("expected --output"))
    #expect(try error(model("rotary"), "-o", scratch("x.pt"), "--amount", "0.5", status: 64).contains(".pt2"))
    let weights = scratch("w.safetensors")
    #expect(try bonsai("convert", model("rotary"), "-o", weights).status == 0)
    #expect(try error(weights, "-o", small, "--amount", "0.5").contains("expected a model of torch.export"))
    #expect(scratch.names == ["w.safetensors"])
  }
}

extension ExportedProgram {
  /// Entries of all parameters.
  fileprivate var parameterCount: Int {
    graph.parameters.values.reduce(0) { $0 + (graph.values[$1]?.tensor?.shape?.reduce(1, *) ?? 0) }
  }
}
