import NN
import Pruning
import Testing
import Torch

/// Further rows of "Differences from PyTorch", about which entries go and what masks are.
@Suite(.serialized) struct MaskDifferenceTests {
  @Test("of equal magnitudes the lowest flat index goes first, exactly as many as asked") func ties() throws {
    let layer = Linear(8, 4, bias: false)
    noGrad { _ = layer.weight.fill(-1) }
    try Prune.l1Unstructured(layer, name: "weight", amount: 11)
    let expected = (0..<32).map { $0 < 11 ? 0 : 1 }
    #expect(layer["weight_mask"].flatten().array(of: Int.self) == expected)
    // And over several tensors: the first one's entries first.
    let pair = [Linear(4, 2, bias: false), Linear(4, 2, bias: false)]
    noGrad { for layer in pair { layer.weight.fill(2) } }
    try Prune.globalUnstructured(pair.map { ($0, "weight") }, method: L1Unstructured.self, amount: 9)
    #expect(pair[0].weight.countNonzero() == 0)
    #expect(pair[1]["weight_mask"].flatten().array(of: Int.self) == [0, 1, 1, 1, 1, 1, 1, 1])
  }

  @Test("random channels go in the number asked for, also where draws are equal") func equalDraws() throws {
    let count = 20_000
    manualSeed(11)
    let draws = Tensor.rand([count]).array(of: Float.self).sorted()
    // As many channels that the last one to go and the first one to stay have the same draw; PyTorch prunes both.
    let amount = try #require((1..<count).first { draws[$0 - 1] == draws[$0] })
    let layer = Linear(1, count, bias: false)
    manualSeed(11)
    try Prune.randomStructured(layer, name: "weight", amount: .count(amount), dim: 0)
    #expect(count - layer["weight_mask"].countNonzero() == amount)
  }

  @Test("a mask that is read is a copy, and writing to it changes nothing") func masksAreCopies() throws {
    let layer = try Prune.l1Unstructured(Linear(4, 3), name: "weight", amount: 5)
    let before = State(layer)
    layer["weight_mask"].zero()
    layer.stateDict["weight_mask"]?.zero()
    #expect(State(layer) == before)
  }

  @Test("global pruning leaves mask entries alone that are neither 0 nor 1") func fractionsStay() throws {
    let layer = Linear(3, 2, bias: false)
    noGrad { _ = layer.weight.copy(from: Tensor([[1, 2, 3], [4, 5, 6]] as [[Float]])) }
    try Prune.customFromMask(layer, name: "weight", mask: Tensor([[0.5, 1, 1], [2, 1, 0]] as [[Float]]))
    try Prune.globalUnstructured([(layer, "weight")], method: L1Unstructured.self, amount: 1)
    // PyTorch gives 0.25 and 4.
    #expect(layer["weight_mask"].flatten().array(of: Float.self) == [0.5, 0, 1, 2, 1, 0])
  }

  @Test("channels of a vector are refused in a further call as in the first") func vectors() throws {
    let layer = Linear(4, 3)
    for _ in 0..<2 {
      let before = State(layer)
      #expect(throws: PruningError.self) { try Prune.lnStructured(layer, name: "bias", amount: 1, n: 2, dim: 0) }
      #expect(throws: PruningError.self) { try Prune.randomStructured(layer, name: "bias", amount: 1, dim: 0) }
      #expect(State(layer) == before)
      try Prune.l1Unstructured(layer, name: "bias", amount: 1)
    }
  }

  @Test("the nuclear norm takes half types") func nuclear() throws {
    manualSeed(2)
    let plain = Conv1d(4, 5, kernelSize: 3)
    let half = try plain.copy(into: Conv1d(4, 5, kernelSize: 3)).to(.bfloat16)
    for layer in [plain, half] { try Prune.lnStructured(layer, name: "weight", amount: 2, n: .nuclear, dim: 0) }
    #expect(half["weight_mask"].to(.float32).equal(plain["weight_mask"]))
  }

  @Test("masks read in the dtype and layout that PyTorch gives them") func masksRead() throws {
    for dtype in [DType.float32, .float64, .float16, .bfloat16] {
      let layer = Linear(6, 5).to(dtype)
      try Prune.l1Unstructured(layer, name: "weight", amount: 0.5)
      #expect(layer["weight_mask"].dtype == dtype && layer["weight_mask"].isContiguous)
      #expect(layer.stateDict["weight_mask"]?.dtype == dtype)
    }
  }
}
