import NN
import Pruning
import Testing
import Torch

/// Random pruning of tensors so large that draws are ranked while more are drawn.
@Suite(.serialized) struct LargeRandomTests {
  /// What PyTorch does: `rand_like`, the largest go.
  private func expected(_ shape: [Int], _ dtype: DType, pruning k: Int) -> (kept: Tensor, next: Double) {
    let draws = Tensor.rand([shape.reduce(1, *)], dtype: dtype)
    let gone = draws.topk(k).indices
    return (Tensor.ones([draws.count], dtype: dtype).indexFillInPlace(0, gone, 0).view(shape), Tensor.rand([1]).item())
  }

  @Test func oneTensor() throws {
    let shape = [300, 400]
    let layer = Linear(400, 300, bias: false)
    manualSeed(5)
    try Prune.randomUnstructured(layer, name: "weight", amount: 48_000)
    let next: Double = Tensor.rand([1]).item()
    manualSeed(5)
    // float32 draws in [0, 1) are almost all different, so that no tie is to be settled at this seed.
    let (kept, expectedNext) = expected(shape, .float32, pruning: 48_000)
    #expect((layer["weight_mask"] .!= kept).countNonzero() == 0)
    #expect(next == expectedNext, "as many numbers were drawn")
    noGrad {
      let product = layer["weight_orig"] * kept
      #expect((layer.weight .!= product).countNonzero() == 0)
    }
  }

  @Test func severalTensorsOnTopOfOthers() throws {
    let a = Linear(300, 200, bias: false)
    let b = Linear(200, 300, bias: false)
    manualSeed(6)
    for amount in [30_000, 20_000] {
      let open = Tensor.cat([a, b].map { Prune.isPruned($0) ? $0["weight_mask"].view(-1) : Tensor.ones([60_000]) })
      try Prune.globalUnstructured(
        [(a, "weight"), (b, "weight")], method: RandomUnstructured.self, amount: .count(amount))
      let after = Tensor.cat([a, b].map { $0["weight_mask"].view(-1) })
      manualSeed(amount == 30_000 ? 6 : 7)
      let (kept, _) = expected([open.countNonzero()], .float32, pruning: amount)
      #expect((after[open .== 1] .!= kept).countNonzero() == 0)
      #expect((after .> open).countNonzero() == 0)
      manualSeed(7)
    }
  }
}
