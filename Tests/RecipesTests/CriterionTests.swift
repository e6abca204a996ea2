import Sparsity
import Testing

@testable import Recipes

@Suite("Criteria") struct CriterionTests {
  func masks(_ recipe: Recipe, _ weights: [(path: String, shape: [Int], values: [Float])]) throws -> [BitMask?] {
    let plan = try recipe.plan(for: weights.map { Weight(path: $0.path, shape: $0.shape, type: .float32) })
    let memories = weights.map { weight -> ScoreMemory in
      let memory = ScoreMemory(count: weight.values.count, type: .float32)
      weight.values.withUnsafeBytes { memory.bytes.copyMemory(from: $0) }
      return memory
    }
    return try withExtendedLifetime(memories) {
      try plan.masks(of: memories.map { Scores(bytes: UnsafeRawBufferPointer($0.bytes), type: .float32) })
    }
  }

  @Test("LAMP by hand and by its definition")
  func lamp() {
    let values = [3.0, -1, 2, -2, 0.5]
    let weight = Weight(path: "w", shape: [5], type: .float64, role: .weight)
    // In order 0.5, -1, 2 (first), -2, 3 with squares 0.25, 1, 4, 4, 9.
    let expected = [9.0 / 9, 1 / 18.0, 4 / 17.0, 4 / 13.0, 0.25 / 18.25]
    let scores = LAMP().scores(of: WeightValues(weight, values: values))
    #expect(zip(scores, expected).allSatisfy { abs($0 - $1) < 1e-15 })
    let kept = BitMask([true, true, false, true, true])
    let masked = LAMP().scores(of: WeightValues(weight, values: values, kept: kept))
    let left = [9.0 / 9, 1 / 14.0, 0, 4 / 13.0, 0.25 / 14.25]
    #expect(zip(masked, left).allSatisfy { abs($0 - $1) < 1e-15 })
    #expect(LAMP().scores(of: WeightValues(weight, values: [0, 0, 0, 0, 0])) == [0, 0, 0, 0, 0])
  }

  @Test("LAMP leaves something of a layer of small weights where magnitude empties it")
  func lampKeepsLayers() throws {
    let weights = [
      ("small.weight", [2, 4], (1...8).map { Float($0) * 1e-3 }), ("large.weight", [2, 4], (1...8).map { Float($0) }),
    ]
    let magnitude = try masks(Recipe(.magnitude, target: .sparsity(0.5)), weights)
    #expect(magnitude.map { $0?.keptCount } == [0, 8])
    let lamp = try masks(Recipe(.lamp, target: .sparsity(0.5)), weights)
    #expect(lamp.map { $0?.keptCount } == [4, 4])
  }

  @Test("a floor lets the others lose what a weight may not")
  func floors() throws {
    let weights = [
      ("small.weight", [2, 4], (1...8).map { Float($0) * 1e-3 }), ("large.weight", [2, 4], (1...8).map { Float($0) }),
    ]
    let recipe = Recipe(.magnitude, target: .sparsity(0.5), distribution: .global.keeping(atLeast: 0.25))
    let found = try masks(recipe, weights)
    #expect(found[0] == BitMask([false, false, false, false, false, false, true, true]))
    #expect(found[1] == BitMask([false, false, true, true, true, true, true, true]))
    let error = #expect(throws: RecipeError.self) {
      try masks(
        Recipe(.magnitude, target: .sparsity(0.9), distribution: .global.keeping(atLeast: 0.25)), weights)
    }
    #expect(error?.expected.hasPrefix("at most 12 to prune") == true)
  }

  @Test("scores of the wrong number, and evidence that is not there, are refused by name")
  func refusals() throws {
    struct Short: Criterion {
      let name = "short"
      func scores(of weight: WeightValues) -> [Double] { [1] }
    }
    struct Wanting: Criterion {
      let name = "wanting"
      let evidence = Evidence.gradients
      func scores(of weight: WeightValues) -> [Double] { weight.values }
    }
    let weights = [("a.weight", [2, 4], (1...8).map { Float($0) })]
    let short = #expect(throws: RecipeError.self) { try masks(Recipe(Short(), target: .amount(1)), weights) }
    #expect(short?.description.hasPrefix("rank 'a.weight' by 'short': expected 8 scores, found 1;") == true)
    let wanting = #expect(throws: RecipeError.self) { try masks(Recipe(Wanting(), target: .amount(1)), weights) }
    #expect(wanting?.kind == .noEvidence && wanting?.expected == "gradients")
    let nan = [("a.weight", [2, 4], [1, 2, 3, .nan, 5, 6, 7, 8] as [Float])]
    let error = #expect(throws: RecipeError.self) { try masks(Recipe(.magnitude, target: .amount(1)), nan) }
    #expect(error?.kind == .notANumber && error?.found == "1 NaN, the first at entry 3")
  }

  @Test("targets: what is left, what there is in all, and a threshold")
  func targets() throws {
    #expect(try Target.amount(0.5).count(of: 10, open: 4) == 2 && Target.amount(3).count(of: 10, open: 4) == 3)
    #expect(try Target.sparsity(0.9).count(of: 10, open: 4) == 3 && Target.sparsity(0.5).count(of: 10, open: 4) == 0)
    #expect(try Target.below(1).count(of: 10, open: 4) == nil)
    #expect(throws: AmountError.countTooLarge(5, available: 4)) { try Target.amount(5).count(of: 10, open: 4) }
  }
}
