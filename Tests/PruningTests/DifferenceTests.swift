import NN
import Pruning
import Testing
import Torch

/// Where PyTorch falls short and Bonsai decides otherwise, one test for each row of the documentation's page
/// "Differences from PyTorch".
@Suite(.serialized) struct DifferenceTests {
  @Test("a failing further call leaves the module as it was, hook and all") func failingSecondCall() throws {
    let layer = try Prune.l1Unstructured(Linear(4, 3), name: "weight", amount: 2)
    let before = State(layer)
    for _ in 0..<3 {
      #expect(throws: PruningError.self) { try Prune.l1Unstructured(layer, name: "weight", amount: 11) }
      #expect(throws: PruningError.self) { try Prune.lnStructured(layer, name: "weight", amount: 1, n: 2, dim: 7) }
    }
    #expect(State(layer) == before)
    #expect(Prune.isPruned(layer))
    try Prune.l1Unstructured(layer, name: "weight", amount: 10)
    #expect(layer.weight.sparsity == 1)
  }

  @Test("global pruning takes any sequence, read once, and records its method") func globalSequence() throws {
    let a = Linear(4, 3)
    let b = Linear(4, 3)
    var reads = 0
    let once = AnySequence { () -> AnyIterator<(Module, String)> in
      reads += 1
      let pairs: [(Module, String)] = [(a, "weight"), (b, "weight")]
      return AnyIterator(pairs.makeIterator())
    }
    try Prune.globalUnstructured(once, method: L1Unstructured.self, amount: 0.5)
    #expect(reads == 1)
    for layer in [a, b] {
      let hook = try #require(layer.forwardPreHooks.values.first as? PruningHook)
      #expect(hook.history.map(\.description) == ["L1Unstructured"])
    }
    #expect(a.weight.countNonzero() + b.weight.countNonzero() == 12)
    // A list of layers of different types is written as it stands.
    let conv = Conv2d(1, 2, kernelSize: 3)
    try Prune.globalUnstructured([(conv, "weight"), (a, "bias")], method: L1Unstructured.self, amount: 3)
    #expect(conv.weight.count + 3 - conv.weight.countNonzero() - a.bias!.countNonzero() == 3)
  }

  @Test("modules copy with masks, history and hooks") func copies() throws {
    let layer = Linear(6, 5)
    try Prune.l1Unstructured(layer, name: "weight", amount: 0.3)
    try Prune.lnStructured(layer, name: "weight", amount: 1, n: 2, dim: 0)
    try Prune.l1Unstructured(layer, name: "bias", amount: 2)
    let copy = try layer.copy(into: Linear(6, 5))
    #expect(State(copy) == State(layer))
    let hooks = copy.forwardPreHooks.values.compactMap { $0 as? PruningHook }
    #expect(hooks.map(\.history.description) == ["[L1Unstructured, LnStructured]", "[L1Unstructured]"])
    // The copy lives by itself, and goes on.
    let before = State(layer)
    try Prune.l1Unstructured(copy, name: "weight", amount: 3)
    noGrad { _ = copy["weight_orig"].fill(1) }
    try Prune.undo(copy, name: "bias")
    try Prune.remove(copy, name: "weight")
    #expect(State(layer) == before)
    let x = Tensor.ones([2, 6])
    layer(x).sum().backward()
    #expect(copy.weight.grad == nil)
  }

  /// `undo` of one tensor can put another one before its mask.
  @Test("a copy has masks of its own, in whatever order its tensors stand") func copyAfterUndo() throws {
    let layer = LSTM(1, 1, bias: false)
    for name in ["weight_hh_l0", "weight_ih_l0"] { try Prune.identity(layer, name: name) }
    try Prune.undo(layer, name: "weight_hh_l0")
    let before = State(layer)
    let copy = try layer.copy(into: LSTM(1, 1, bias: false))
    #expect(State(copy) == before)
    try Prune.l1Unstructured(copy, name: "weight_ih_l0", amount: 1)
    #expect(copy["weight_ih_l0_mask"].countNonzero() == 3 && copy["weight_ih_l0"].countNonzero() == 3)
    #expect(State(layer) == before)
  }

  @Test("attention with a pruned output projection, forward and backward, twice") func attention() throws {
    manualSeed(0)
    let attention = MultiheadAttention(8, heads: 2)
    let x = Tensor.randn([3, 2, 8])
    try Prune.l1Unstructured(attention.outProj, name: "weight", amount: 0.5)
    try Prune.l1Unstructured(attention, name: "in_proj_weight", amount: 0.25)
    let mask = attention.outProj["weight_mask"]
    for step in 0..<2 {
      // What an unpruned twin gives that has the products as its weights.
      let plain = MultiheadAttention(8, heads: 2)
      noGrad {
        plain["in_proj_weight"].copy(from: attention["in_proj_weight"])
        plain["in_proj_bias"].copy(from: attention["in_proj_bias"])
        plain.outProj.weight.copy(from: attention.outProj.weight)
        plain.outProj.bias?.copy(from: attention.outProj.bias!)
      }
      attention.zeroGrad()
      let expected = plain(x, x, x).output
      let found = attention(x, x, x).output
      #expect(found.allClose(expected, relative: 1e-6, absolute: 1e-7), "step \(step)")
      found.sum().backward()
      expected.sum().backward()
      let grad = try #require(attention.outProj["weight_orig"].grad)
      #expect(grad.allClose(plain.outProj.weight.grad! * mask, relative: 1e-6, absolute: 1e-7), "step \(step)")
      noGrad { for p in attention.parameters { p.addInPlace(p.grad!, scale: -0.1) } }
    }
  }

  @Test("recurrent layers use the pruned weights of now, forward and backward, twice") func recurrent() throws {
    manualSeed(0)
    let lstm = LSTM(4, 3)
    let x = Tensor.randn([5, 2, 4])
    try Prune.randomUnstructured(lstm, name: "weight_hh_l0", amount: 0.5)
    for step in 0..<2 {
      lstm.zeroGrad()
      let y = lstm(x)
      let plain = LSTM(4, 3)
      noGrad { for name in lstm.weightNames { plain[name].copy(from: lstm[name]) } }
      #expect(y.allClose(plain(x), relative: 1e-6, absolute: 1e-7), "step \(step)")
      y.sum().backward()
      let grad = try #require(lstm["weight_hh_l0_orig"].grad)
      #expect(grad[lstm["weight_hh_l0_mask"] .== 0].countNonzero() == 0, "step \(step)")
      noGrad { for p in lstm.parameters { p.addInPlace(p.grad!, scale: -0.1) } }
    }
  }

  @Test("every layout can be pruned, and stays as it was") func layouts() throws {
    manualSeed(0)
    let plain = Conv2d(3, 4, kernelSize: 3)
    let last = try plain.copy(into: Conv2d(3, 4, kernelSize: 3))
    let strides = [27, 1, 9, 3]
    last.weight.setData(
      Tensor.emptyStrided([4, 3, 3, 3], strides: strides, dtype: .float32).copy(from: plain.weight.detach()))
    for layer in [plain, last] {
      manualSeed(1)
      try Prune.l1Unstructured(layer, name: "weight", amount: 0.3)
      try Prune.randomUnstructured(layer, name: "weight", amount: 0.3)
      try Prune.lnStructured(layer, name: "weight", amount: 1, n: 2, dim: 0)
      try Prune.randomStructured(layer, name: "weight", amount: 1, dim: 1)
    }
    #expect(last["weight_orig"].strides == strides)
    #expect(sameBits(last["weight_mask"], plain["weight_mask"]))
    #expect(sameBits(last.weight, plain.weight))
    try Prune.remove(last, name: "weight")
    try Prune.remove(plain, name: "weight")
    #expect(sameBits(last.weight, plain.weight))
  }

  @Test("the pruned tensor is never stale") func neverStale() throws {
    manualSeed(0)
    let layer = Linear(3, 2)
    try Prune.l1Unstructured(layer, name: "weight", amount: 2)
    func expectProduct(_ what: String) {
      noGrad {
        #expect(
          sameBits(layer.weight, layer["weight_mask"].to(layer["weight_orig"].dtype) * layer["weight_orig"]), "\(what)")
      }
      #expect(sameBits(layer.weight, noGrad { layer.weight }), "\(what), with gradients")
    }
    noGrad { _ = layer.weight }
    noGrad { _ = layer["weight_orig"].addInPlace(Tensor.ones([2, 3])) }
    expectProduct("a change in place")
    try layer.loadStateDict([
      "bias": Tensor.zeros([2]), "weight_orig": Tensor([[1, 2, 3], [4, 5, 6]] as [[Float]]),
      "weight_mask": Tensor([[1, 0, 1], [0, 1, 0]] as [[Float]]),
    ])
    #expect(layer.weight.flatten().array(of: Float.self) == [1, 0, 3, 0, 5, 0])
    expectProduct("a state dict")
    layer["weight_orig"].setData(Tensor.full([2, 3], 7))
    expectProduct("other memory")
    layer(Tensor.ones([1, 3])).sum().backward()
    noGrad { _ = layer["weight_orig"].addInPlace(layer["weight_orig"].grad!) }
    expectProduct("a training step")
    layer.to(.float64)
    expectProduct("a conversion")
    #expect(layer.weight.dtype == .float64)
  }

  @Test("the scores of a further call are fresh") func freshScores() throws {
    let layer = Linear(3, 2, bias: false)
    noGrad { _ = layer.weight.copy(from: Tensor([[1, 2, 3], [4, 5, 6]] as [[Float]])) }
    try Prune.l1Unstructured(layer, name: "weight", amount: 1)
    // PyTorch would still rank the 2 here and prune it; it is 12 now.
    noGrad { _ = layer["weight_orig"].addInPlace(Tensor([[0, 10, 0], [0, 0, 0]] as [[Float]])) }
    try Prune.l1Unstructured(layer, name: "weight", amount: 1)
    #expect(layer["weight_mask"].flatten().array(of: Int.self) == [0, 1, 0, 1, 1, 1])
  }

  @Test("hooks keep their order") func hookOrder() throws {
    let layer = Linear(3, 2)
    try Prune.l1Unstructured(layer, name: "weight", amount: 1)
    try Prune.l1Unstructured(layer, name: "bias", amount: 1)
    try Prune.l1Unstructured(layer, name: "weight", amount: 1)
    #expect(layer.forwardPreHooks.values.compactMap { ($0 as? PruningHook)?.tensorName } == ["weight", "bias"])
  }

  @Test("undo goes back call by call, to the exact start") func undo() throws {
    manualSeed(0)
    let layer = Conv2d(4, 5, kernelSize: 3)
    let calls: [(Conv2d) throws -> Void] = [
      { try Prune.l1Unstructured($0, name: "weight", amount: 0.3) },
      { try Prune.l1Unstructured($0, name: "bias", amount: 2) },
      { try Prune.lnStructured($0, name: "weight", amount: 2, n: 1, dim: 0) },
      { try Prune.randomUnstructured($0, name: "weight", amount: 0.5) },
    ]
    var states = [State(layer)]
    for call in calls {
      try call(layer)
      states.append(State(layer))
    }
    for name in ["weight", "weight", "bias", "weight"] {
      #expect(State(layer).bytes == states.removeLast().bytes)
      try Prune.undo(layer, name: name)
    }
    #expect(State(layer).names == states[0].names && State(layer).bytes == states[0].bytes)
    #expect(!Prune.isPruned(layer) && layer.forwardPreHooks.isEmpty)
    #expect(throws: PruningError.self) { try Prune.undo(layer, name: "weight") }
  }

  @Test("random pruning takes scores of whole numbers, and does not need them") func randomWithWholeScores() throws {
    let layer = Linear(4, 3)
    let scores = Tensor.ones([3, 4], dtype: .int64)
    manualSeed(3)
    try Prune.globalUnstructured(
      [(layer, "weight")], method: RandomUnstructured.self, amount: 5,
      importanceScores: [ParameterID(layer, "weight"): scores])
    let twin = Linear(4, 3)
    manualSeed(3)
    try Prune.randomUnstructured(twin, name: "weight", amount: 5)
    #expect(sameBits(layer["weight_mask"], twin["weight_mask"]))
  }

  @Test("undo after a conversion gives a mask of the new dtype, in copies too") func undoAfterConversion() throws {
    let layer = Linear(4, 3)
    try Prune.l1Unstructured(layer, name: "weight", amount: 2)
    try Prune.l1Unstructured(layer, name: "weight", amount: 2)
    layer.to(.bfloat16)
    for twin in [layer, try layer.copy(into: Linear(4, 3))] {
      try Prune.undo(twin, name: "weight")
      #expect(twin["weight_mask"].dtype == .bfloat16)
      #expect(twin["weight_mask"].countNonzero() == 10)
      #expect(twin.weight.dtype == .bfloat16)
    }
  }

  @Test("tied weights are seen as one") func tiedWeights() throws {
    final class Tied: Module {
      let encoder = Linear(4, 4, bias: false)
      let decoder = Linear(4, 4, bias: false)
      override init() {
        super.init()
        decoder.slots["weight"] = .parameter(encoder.weight)
      }
      override func forward(_ x: Tensor) -> Tensor { decoder(encoder(x)) }
    }
    let model = Tied()
    try Prune.globalUnstructured(
      [(model.encoder, "weight"), (model.decoder, "weight")], method: L1Unstructured.self, amount: 8)
    // 8 of 16 entries, not of 32, and the same ones at both places.
    #expect(model.encoder.weight.sparsity == 0.5)
    #expect(sameBits(model.encoder.weight, model.decoder.weight))
    try Prune.l1Unstructured(model.decoder, name: "weight", amount: 4)
    #expect(model.encoder.weight.sparsity == 0.75)
    #expect(model.namedParameters.count == 1)
    let twin = try model.copy(into: Tied())
    try Prune.l1Unstructured(twin.encoder, name: "weight", amount: 2)
    #expect(twin.decoder.weight.sparsity == 0.875 && model.decoder.weight.sparsity == 0.75)
    for tied in [model, twin] {
      try Prune.remove(tied.decoder, name: "weight")
      #expect(!Prune.isPruned(tied))
      #expect(tied.encoder.weight === tied.decoder.weight)
    }
  }

  @Test("without gradients the product is computed once") func productIsReused() throws {
    let layer = try Prune.l1Unstructured(Linear(8, 8), name: "weight", amount: 0.5)
    noGrad {
      let first = layer.weight
      #expect(layer.weight === first)
      _ = layer(Tensor.ones([1, 8]))
      #expect(layer.weight === first)
      layer["weight_orig"].addInPlace(Tensor.ones([8, 8]))
      #expect(layer.weight !== first)
    }
    // With gradients each forward pass has a history of its own, so that two backward passes work.
    for _ in 0..<2 { layer(Tensor.ones([1, 8])).sum().backward() }
    #expect(layer["weight_orig"].grad!.abs().max().item() == 2)
  }

  @Test("norms of half types do not overflow into ties") func wideNorms() throws {
    let layer = Linear(3, 4, bias: false).to(.float16)
    let rows: [[Double]] = [[60000, 60000, 60000], [50000, 50000, 50000], [1, 2, 3], [4, 5, 6]]
    noGrad { _ = layer.weight.copy(from: Tensor(rows)) }
    for expected in [2, 3, 1] {
      try Prune.lnStructured(layer, name: "weight", amount: 1, n: 1, dim: 0)
      #expect(layer.weight[expected].countNonzero() == 0)
    }
    #expect(layer.weight[0].countNonzero() == 3)
  }

  @Test("'fro' takes any number of dimensions") func frobenius() throws {
    manualSeed(0)
    let a = Conv2d(3, 6, kernelSize: 3)
    let b = try a.copy(into: Conv2d(3, 6, kernelSize: 3))
    try Prune.lnStructured(a, name: "weight", amount: 2, n: .frobenius, dim: 0)
    try Prune.lnStructured(b, name: "weight", amount: 2, n: 2, dim: 0)
    #expect(sameBits(a["weight_mask"], b["weight_mask"]))
  }
}
