import NN
import Pruning
import Recipes
import Testing
import Torch

/// N:M and block patterns on modules.
@Suite(.serialized) struct PatternTests {
  func prune(_ layer: Module, _ recipe: Recipe) throws { try Prune.apply(recipe, to: layer) }

  @Test func twoOfFour() throws {
    manualSeed(0)
    let layer = Linear(16, 6)
    try prune(layer, Recipe(.magnitude, pattern: .nOfM(2, 4)))
    let groups = layer["weight_mask"].reshape(-1, 4)
    #expect(groups.sum([1]).array(of: Int.self) == Array(repeating: 2, count: 24))
    // The two kept are the two largest, as the engine sorts them.
    let magnitudes = layer["weight_orig"].detach().abs().reshape(-1, 4)
    let expected = magnitudes.topk(2).values.sum([1])
    #expect((magnitudes * groups).sum([1]).allClose(expected))
  }

  @Test func twoOfFourInputsOfAConvolution() throws {
    manualSeed(0)
    let layer = Conv2d(8, 6, kernelSize: 3)
    try prune(layer, Recipe(.magnitude, pattern: .nOfM(2, 4)))
    let groups = layer["weight_mask"].reshape(6, 2, 4, 9)
    #expect((groups.sum([2]) .!= 2).countNonzero() == 0)
    let magnitudes = layer["weight_orig"].detach().abs().reshape(6, 2, 4, 9)
    #expect((magnitudes * groups).sum([2]).allClose(magnitudes.topk(2, dim: 2).values.sum([2])))
  }

  @Test func blocksOnTopOfEntries() throws {
    manualSeed(0)
    let layer = Linear(8, 8)
    try Prune.l1Unstructured(layer, name: "weight", amount: 10)
    let first = layer["weight_mask"]
    try prune(layer, Recipe(.magnitude, target: .amount(0.5), pattern: .block(rows: 4, columns: 2)))
    let second = layer["weight_mask"]
    #expect((first .== 0).logicalAnd(second .!= 0).countNonzero() == 0, "earlier zeros stay")
    let kept = second.reshape(2, 4, 4, 2).sum([1, 3]).flatten() .> 0
    #expect(kept.countNonzero() == 4)
    let norms = (layer["weight_orig"].detach() * first).reshape(2, 4, 4, 2).vectorNorm(2, [1, 3]).flatten()
    #expect(norms[kept].min().item() >= norms[kept.logicalNot()].max().item())
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let layer = Linear(10, 6)
    let before = State(layer)
    for (pattern, target) in [
      (Pattern.nOfM(2, 4), nil), (.nOfM(5, 4), nil), (.nOfM(1, 2), .amount(0.5)),
      (.block(rows: 4, columns: 2), .amount(0.5)), (.block(rows: 2, columns: 2), nil),
      (.structured(dim: 2), .amount(1)), (.structured(dim: 0), .amount(7)),
    ] as [(Pattern, Target?)] {
      #expect(throws: RecipeError.self) { try prune(layer, Recipe(.magnitude, target: target, pattern: pattern)) }
    }
    #expect(throws: RecipeError.self) {
      try prune(layer, Recipe(.norm(.nuclear), target: .amount(1), pattern: .block(rows: 2, columns: 2)))
    }
    #expect(State(layer) == before)
  }

  @Test func byHand() throws {
    let t = Tensor([[1, 4, 3, 2], [8, 5, 6, 7]] as [[Float]])
    let method = RecipeMethod(Recipe(.magnitude, pattern: .nOfM(2, 4)))
    #expect("\(method)" == "magnitude, 2 of 4")
    #expect(
      try method.computeMask(t, defaultMask: t.onesLike()).flatten().array(of: Int.self) == [0, 1, 1, 0, 1, 0, 0, 1])
  }

  @Test(arguments: [1, 2, .infinity, .frobenius] as [Norm]) func blocksByEveryNorm(n: Norm) throws {
    manualSeed(1)
    let layer = Linear(12, 8)
    try prune(layer, Recipe(.norm(n), target: .amount(3), pattern: .block(rows: 4, columns: 3)))
    let order: Double = if case .p(let p) = n { p } else { 2 }
    let norms = layer["weight_orig"].detach().reshape(2, 4, 4, 3).vectorNorm(order, [1, 3]).flatten()
    let kept = layer["weight_mask"].reshape(2, 4, 4, 3).sum([1, 3]).flatten()
    #expect((kept .== 12).countNonzero() == 5)
    #expect((kept .== 0).countNonzero() == 3)
    #expect(norms[kept .> 0].min().item() >= norms[kept .== 0].max().item())
  }

  @Test func patternsByOtherScores() throws {
    manualSeed(2)
    let layer = Linear(8, 6)
    let scores = Tensor.rand([6, 8])
    var given = TensorsInMemory()
    given.add("weight", shape: [6, 8], type: .float32, scores.flatten().array(of: Float.self))
    try prune(layer, Recipe(.scores(given), pattern: .nOfM(1, 4)))
    let groups = scores.reshape(-1, 4)
    let kept = (groups * layer["weight_mask"].reshape(-1, 4)).sum([1])
    #expect((kept .!= groups.max(1).values).countNonzero() == 0)
  }

  @Test(
    arguments: [
      (.unstructured, 16), (.structured(dim: 0), 2), (.structured(dim: -1), 4), (.nOfM(2, 4), nil),
      (.block(rows: 2, columns: 4), 3),
    ] as [(Pattern, Int?)])
  func atRandom(pattern: Pattern, count: Int?) throws {
    func masks(_ seed: UInt64) throws -> [Tensor] {
      let layer = Linear(8, 6)
      let target = count.map { Target.amount(.count($0)) }
      return try (0..<2).map { step in
        try prune(layer, Recipe(.random(seed: seed + UInt64(step)), target: target, pattern: pattern))
        return layer["weight_mask"]
      }
    }
    let (first, again, other) = (try masks(3), try masks(3), try masks(5))
    // 48 entries: rows of 8, columns of 6, blocks of 8.
    let size = [Pattern.structured(dim: 0): 8, .structured(dim: -1): 6, .block(rows: 2, columns: 4): 8][pattern] ?? 1
    let gone = count.map { $0 * size } ?? 24
    #expect(first.map { 48 - $0.countNonzero() } == [gone, count == nil ? 24 : 2 * gone])
    #expect((first[1] .> first[0]).countNonzero() == 0, "what went first stays away")
    #expect((first[0] .!= again[0]).countNonzero() == 0)
    #expect((first[0] .!= other[0]).countNonzero() > 0)
  }
}
