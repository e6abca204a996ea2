import Foundation
import NN
import Pruning
import Recipes
import Testing
import Torch

@Suite("Sensitivity: each layer alone")
struct SensitivityTests {
  /// Two layers, the first of which can lose half of its weights for nothing.
  private static func net() -> Sequential {
    manualSeed(3)
    let net = Sequential(Linear(8, 6), ReLU(), Linear(6, 4))
    noGrad { _ = net[0].stateDict["weight"]?.narrow(0, start: 3, length: 3).zero() }
    return net
  }

  private static func loss(_ net: Sequential) -> Double {
    let x = Tensor.randn([64, 8], generator: Generator(seed: 5))
    return net(x).square().mean().item()
  }

  @Test("the numbers are those of pruning by hand, and the model is as it was")
  func byHand() throws {
    let net = Self.net()
    let before = net.stateDict.mapValues { $0.clone() }
    var steps: [Int] = []
    let found = try Sensitivity.measured(
      of: net, .magnitude, sparsities: [0.9, 0.25, 0.75], measure: .loss, progress: { done, _ in steps.append(done) }
    ) { Self.loss(net) }
    #expect(steps == Array(1...6))
    #expect(net.stateDict.allSatisfy { before[$0]?.equal($1) == true } && !Prune.isPruned(net))
    #expect(found.baseline == Self.loss(net) && found.layers.map(\.path) == ["0.weight", "2.weight"])
    for (place, layer) in found.layers.enumerated() {
      #expect(layer.points.map(\.sparsity) == [0.25, 0.75, 0.9])
      for point in layer.points {
        let other = Self.net()
        let target = place == 0 ? other[0] : other[2]
        try Prune.l1Unstructured(target, name: "weight", amount: .fraction(point.sparsity))
        #expect(Self.loss(other) == point.value)
        #expect(point.kept == layer.kept - Int((Double(layer.kept) * point.sparsity).rounded(.toNearestOrEven)))
      }
    }
    // Half of the first layer was 0 before.
    #expect(found.damage(of: found.layers[0].points[0].value) == 0)
  }

  @Test("a run that is cut off goes on where it was, and only for the same model")
  func resumed() throws {
    struct Cut: Error {}
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).json").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let net = Self.net()
    var calls = 0
    func measured(_ net: Sequential, upTo most: Int) throws -> Sensitivity {
      calls = 0
      return try Sensitivity.measured(
        of: net, .magnitude, sparsities: [0.5, 0.9], measure: .loss, cachedAt: path
      ) {
        calls += 1
        if calls > most { throw Cut() }
        return Self.loss(net)
      }
    }
    let before = Self.loss(net)
    #expect(throws: Cut.self) { try measured(net, upTo: 3) }
    #expect(Self.loss(net) == before)
    let found = try measured(net, upTo: 9)
    #expect(calls == 2)
    _ = try measured(net, upTo: 0)
    #expect(calls == 0)
    #expect(
      found
        == (try Sensitivity.measured(of: net, .magnitude, sparsities: [0.5, 0.9], measure: .loss) { Self.loss(net) }))
    noGrad { _ = net.stateDict["0.bias"]?.addInPlace(1.0) }
    #expect(throws: SensitivityError.self) { try measured(net, upTo: 9) }
  }

  @Test("numbers of another norm, seed or evidence are not taken, and evidence of another kind is refused")
  func othersNumbers() throws {
    let net = Self.net()
    func evidence(_ kind: Evidence, _ batches: Int) throws -> EvidenceCollector {
      let collector = try EvidenceCollector(net, kind)
      for _ in 0..<batches {
        net.zeroGrad()
        net(Tensor.randn([16, 8])).square().mean().backward()
        collector.collect()
      }
      return collector
    }
    func isTaken(
      _ first: some Criterion, _ second: some Criterion, _ pattern: Pattern = .unstructured,
      _ evidence: [EvidenceCollector?] = [nil, nil]
    ) throws -> Bool {
      let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).json").path
      defer { try? FileManager.default.removeItem(atPath: path) }
      func measured(_ criterion: some Criterion, _ evidence: EvidenceCollector?) throws {
        _ = try Sensitivity.measured(
          of: net, criterion, sparsities: [0.5], pattern: pattern, measure: .loss, evidence: evidence, cachedAt: path
        ) { Self.loss(net) }
      }
      try measured(first, evidence[0])
      do { try measured(second, evidence[1]) } catch is SensitivityError { return false }
      return true
    }
    #expect(try isTaken(RandomScores(seed: 1), RandomScores(seed: 1)))
    #expect(try !isTaken(RandomScores(seed: 1), RandomScores(seed: 2)))
    #expect(try isTaken(LnNorm(2), LnNorm(2), .structured(dim: 0)))
    #expect(try !isTaken(LnNorm(1), LnNorm(2), .structured(dim: 0)))
    let one = try evidence(.gradients, 1)
    #expect(try isTaken(Taylor(), Taylor(), .unstructured, [one, one]))
    #expect(try !isTaken(Taylor(), Taylor(), .unstructured, [one, evidence(.gradients, 2)]))
    let error = #expect(throws: RecipeError.self) {
      try Sensitivity.measured(of: net, .taylor, evidence: evidence(.squaredGradients, 1)) { 0 }
    }
    #expect(error?.kind == .noEvidence && error?.found == "squared gradients")
  }

  @Test("a plan out of it is carried out as it says, and the model costs what it says")
  func plan() throws {
    let net = Self.net()
    let found = try Sensitivity.measured(of: net, .magnitude, measure: .loss) { Self.loss(net) }
    let solver = try BudgetSolver(found.budgetTable())
    let plan = try solver.plan(costing: 36)
    try Prune.apply(found.recipe(for: plan, .magnitude), to: net)
    let kept = net.stateDict.filter { $0.key.hasSuffix("_mask") }.values.reduce(0) { $0 + $1.countNonzero() }
    let whole = zip(found.layers, plan.choices).reduce(0) { $0 + ($1.1 == 0 ? $1.0.kept : 0) }
    #expect(Double(kept + whole) == plan.cost && plan.cost <= 36)
    #expect(found.predictedValue(of: plan) == found.baseline + plan.damage)
    let macs = found.budgetTable(unit: "MACs", costs: ["0.weight": 480, "2.weight": 24])
    #expect(macs.reach?.upperBound == 504)
    // Names of layers are no markup.
    #expect(found.table.contains("0.weight") && found.svg.contains("2.weight</text>"))
  }

  @Test("what cannot be measured is refused")
  func refused() throws {
    let net = Self.net()
    for wrong in [0, 1, -0.5, .nan] {
      #expect(throws: SensitivityError.self) {
        try Sensitivity.measured(of: net, .magnitude, sparsities: [wrong]) { 0 }
      }
    }
    #expect(throws: SensitivityError.notANumber(layer: nil, sparsity: 0)) {
      try Sensitivity.measured(of: net, .magnitude) { .nan }
    }
  }
}
