import NN
import Pruning
import Testing
import Torch

/// N:M and block patterns on modules.
@Suite(.serialized) struct PatternTests {
  @Test func twoOfFour() throws {
    manualSeed(0)
    let layer = Linear(16, 6)
    try Prune.magnitudePattern(layer, name: "weight", pattern: .nOfM(2, 4))
    let groups = layer["weight_mask"].reshape(-1, 4)
    #expect(groups.sum([1]).array(of: Int.self) == Array(repeating: 2, count: 24))
    // The two kept are the two largest, as the engine sorts them.
    let magnitudes = layer["weight_orig"].detach().abs().reshape(-1, 4)
    let expected = magnitudes.topk(2).values.sum([1])
    #expect((magnitudes * groups).sum([1]).allClose(expected))
  }

  @Test func blocksOnTopOfEntries() throws {
    manualSeed(0)
    let layer = Linear(8, 8)
    try Prune.l1Unstructured(layer, name: "weight", amount: 10)
    let first = layer["weight_mask"]
    try Prune.magnitudePattern(layer, name: "weight", pattern: .block(rows: 4, columns: 2), amount: 0.5)
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
    for (pattern, amount) in [
      (Pattern.nOfM(2, 4), nil), (.nOfM(5, 4), nil), (.nOfM(1, 2), 0.5), (.block(rows: 4, columns: 2), 0.5),
      (.block(rows: 2, columns: 2), nil), (.structured(dim: 2), 1),
    ] as [(Pattern, Amount?)] {
      #expect(throws: PruningError.self) {
        try Prune.magnitudePattern(layer, name: "weight", pattern: pattern, amount: amount)
      }
    }
    #expect(State(layer) == before)
  }

  @Test func byHand() throws {
    let t = Tensor([[1, 4, 3, 2], [8, 5, 6, 7]] as [[Float]])
    let mask = try MagnitudePattern(.nOfM(2, 4)).computeMask(t, defaultMask: t.onesLike())
    #expect(mask.flatten().array(of: Int.self) == [0, 1, 1, 0, 1, 0, 0, 1])
  }
}
