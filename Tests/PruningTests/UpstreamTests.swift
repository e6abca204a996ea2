import NN
import Pruning
import Testing
import Torch

/// PyTorch's own 34 tests of pruning (`test/nn/test_pruning.py`), by number; those whose numbers are recorded cases are
/// named there.
@Suite(.serialized) struct UpstreamTests {
  /// A method whose mask is given, as the upstream tests put in the place of `compute_mask`.
  private struct Given: PruningMethod {
    let mask: Tensor
    let pruningType = PruningType.unstructured
    func computeMask(_ scores: Tensor, defaultMask: Tensor) -> Tensor { mask }
  }

  private let layers: [() -> Module] = [{ Linear(5, 7) }, { Conv3d(2, 2, kernelSize: 2) }]

  @Test("1 amounts at construction") func test01() {
    for amount in [Amount.fraction(1.1), .fraction(20), .count(-10)] {
      #expect(throws: (any Error).self) { try amount.validated() }
    }
    for amount in [Amount.fraction(0.34), .count(1500), .count(0), .fraction(0), .count(1), .fraction(1)] {
      #expect(throws: Never.self) { try amount.validated() }
    }
  }

  @Test("2 amounts against sizes") func test02() throws {
    #expect(throws: (any Error).self) { try Amount.count(20).entries(of: 19) }
    #expect(try Amount.fraction(0.3).entries(of: 0) == 0)
    #expect(try Amount.count(19).entries(of: 20) == 19)
    #expect(try Amount.count(0).entries(of: 0) == 0)
    #expect(try Amount.count(1).entries(of: 1) == 1)
  }

  @Test("3 how many entries") func test03() throws {
    #expect(try Amount.count(0).entries(of: 15) == 0)
    #expect(try Amount.count(10).entries(of: 15) == 10)
    #expect(try Amount.count(1).entries(of: 15) == 1)
    #expect(try Amount.fraction(1).entries(of: 15) == 15)
    #expect(try Amount.fraction(0.4).entries(of: 17) == 7)
  }

  @Test("4, 5, 6 sizes, original and product after random pruning") func test04() throws {
    for make in layers {
      for name in ["weight", "bias"] {
        let module = make()
        let before = module[name].detach().clone()
        try Prune.randomUnstructured(module, name: name, amount: 0.1)
        #expect(module[name + "_mask"].shape == before.shape)
        #expect(module[name + "_orig"].shape == before.shape)
        #expect(module[name].shape == before.shape)
        #expect(sameBits(module[name + "_orig"], before))
        #expect(sameBits(module[name], module[name + "_orig"] * module[name + "_mask"]))
      }
    }
  }

  @Test("7 identity keeps output and gradients") func test07() throws {
    let x = Tensor.ones([1, 5])
    manualSeed(1)
    let module = Linear(5, 2)
    let before = module(x)
    before.sum().backward()
    let weightGrad = module.weight.grad!.clone()
    let biasGrad = module.bias!.grad!.clone()
    module.zeroGrad()
    try Prune.identity(module, name: "weight")
    let after = module(x)
    #expect(sameBits(after, before))
    after.sum().backward()
    #expect(sameBits(module["weight_orig"].grad!, weightGrad))
    #expect(sameBits(module.bias!.grad!, biasGrad))
    #expect(sameBits(module(x), module(x)))
  }

  @Test("8 a mask of ones keeps gradients") func test08() throws {
    let x = Tensor.ones([1, 5])
    let module = Linear(5, 2)
    module(x).sum().backward()
    let grad = module.weight.grad!.clone()
    module.zeroGrad()
    try Prune.apply(Given(mask: Tensor.ones([2, 5])), to: module, name: "weight")
    module(x).sum().backward()
    #expect(sameBits(module["weight_orig"].grad!, grad))
    #expect(sameBits(module(x), module(x)))
  }

  @Test("9 gradients are masked, and a step leaves masked originals") func test09() throws {
    let module = Linear(5, 2)
    let mask = Tensor.ones([2, 5])
    mask[1, 0] = Tensor(Float(0))
    mask[0, 3] = Tensor(Float(0))
    try Prune.apply(Given(mask: mask), to: module, name: "weight")
    let before = module["weight_orig"].detach().clone()
    module(Tensor.ones([1, 5])).sum().backward()
    #expect(sameBits(module["weight_orig"].grad!, mask))
    noGrad { for parameter in module.parameters { parameter.addInPlace(parameter.grad!, scale: -1) } }
    #expect(module["weight_orig"][1, 0].item() == before[1, 0].item())
    #expect(module["weight_orig"][0, 3].item() == before[0, 3].item())
    #expect(module["weight_orig"][0, 0].item() != before[0, 0].item())
  }

  @Test("10 the forward pass takes kept weights only") func test10() throws {
    let module = Linear(5, 2)
    let mask = Tensor.zeros([2, 5])
    mask[1, 0] = Tensor(Float(1))
    mask[0, 3] = Tensor(Float(1))
    try Prune.apply(Given(mask: mask), to: module, name: "weight")
    let y = module(Tensor.ones([1, 5]))
    let original = module["weight_orig"]
    #expect(y[0, 0].item() == (original[0, 3] + module.bias![0]).item())
    #expect(y[0, 1].item() == (original[1, 0] + module.bias![1]).item())
  }

  @Test("11 remove keeps the output") func test11() throws {
    let module = Linear(5, 2)
    let x = Tensor.ones([1, 5])
    try Prune.randomUnstructured(module, name: "weight", amount: 0.9)
    let before = module(x)
    try Prune.remove(module, name: "weight")
    #expect(sameBits(module(x), before))
  }

  @Test("12 the parameter stays the same object") func test12() throws {
    let module = Linear(5, 2)
    let parameters = module.parameters
    try Prune.randomUnstructured(module, name: "weight", amount: 0.5)
    #expect(module["weight_orig"] === parameters[0])
    try Prune.remove(module, name: "weight")
    #expect(module.weight === parameters[0])
    #expect(module.weight.isLeaf && module.weight.requiresGrad)
  }

  @Test("13 a copy keeps the methods' types") func test13() throws {
    let module = try Prune.randomUnstructured(Linear(5, 7), name: "weight", amount: 0.2)
    let copy = try module.copy(into: Linear(5, 7))
    let hook = try #require(copy.forwardPreHooks.values.first as? PruningHook)
    #expect(hook.history[0] is RandomUnstructured)
  }

  @Test("14 several calls make a container") func test14() throws {
    let module = Conv3d(2, 2, kernelSize: 2)
    try Prune.l1Unstructured(module, name: "weight", amount: 0.1)
    let first = module["weight_mask"]
    try Prune.lnStructured(module, name: "weight", amount: 0.3, n: 2, dim: 0)
    let second = module["weight_mask"]
    #expect(((first .== 0).logicalAnd(second .!= 0)).countNonzero() == 0)
    let hook = try #require(module.forwardPreHooks.values.first as? PruningHook)
    #expect(module.forwardPreHooks.count == 1)
    #expect(hook.tensorName == "weight" && hook.history.count == 2)
    #expect(hook.history[0] is L1Unstructured && hook.history[1] is LnStructured)
    try Prune.lnStructured(module, name: "weight", amount: 0.1, n: .infinity, dim: 1)
    #expect(hook.tensorName == "weight" && hook.history.count == 3)
  }

  @Test("15 containers") func test15() {
    var container = PruningContainer()
    #expect(container.isEmpty)
    container.add(L1Unstructured(amount: 2))
    #expect(container.count == 1 && container[0] is L1Unstructured)
    // A method of another tensor, a number or a text: the compiler refuses them.
  }

  @Test("16 a container's last method acts on what the mask leaves") func test16() throws {
    let t = Tensor([[1, 2, 3, 4], [5, 6, 7, 8]] as [[Float]])
    let mask = Tensor([[1, 1, 1, 0], [1, 1, 0, 1]] as [[Float]])
    var container = PruningContainer([L1Unstructured(amount: 2)])
    func computed() throws -> [Int] { try container.computeMask(t, defaultMask: mask).flatten().array(of: Int.self) }
    #expect(try computed() == [0, 0, 1, 0, 1, 1, 0, 1])
    container.add(LnStructured(amount: 1, n: 2, dim: 0))
    #expect(try computed() == [0, 0, 0, 0, 1, 1, 0, 1])
    container.add(LnStructured(amount: 1, n: 2, dim: 1))
    #expect(try computed() == [0, 1, 1, 0, 0, 1, 0, 1])
  }

  // 17 and 18: recorded cases l1_signs and l1_importance. 21 and 22: ln_upstream and ln_upstream_importance.

  @Test("19 equal magnitudes: a count, not a threshold") func test19() throws {
    manualSeed(0)
    let t = Tensor.randint(-1..<2, [10, 7]) * 2
    let mask = try L1Unstructured(amount: 0.2).computeMask(t, defaultMask: t.onesLike())
    #expect(mask.count - mask.countNonzero() == 14)
  }

  @Test("20 a random channel goes whole") func test20() throws {
    manualSeed(0)
    let t = Tensor.randint(-1..<2, [5, 4, 2], dtype: .float32) * 2
    let mask = try RandomStructured(amount: 0.6, dim: 2).computeMask(t, defaultMask: t.onesLike())
    #expect((mask .== 0).to(.int64).sum([0, 1]).array(of: Int.self).sorted() == [0, 20])
  }

  @Test("23, 24 names before and after, values kept; removing what is not pruned") func test23() throws {
    for make in layers {
      for name in ["weight", "bias"] {
        let module = make()
        try Prune.randomUnstructured(module, name: name, amount: 0.5)
        #expect(module.slots[name + "_orig"]?.parameter != nil && module.slots[name]?.parameter == nil)
        #expect(module.slots[name + "_mask"]?.buffer != nil)
        let value = noGrad { module[name].clone() }
        try Prune.remove(module, name: name)
        #expect(module.slots[name]?.parameter != nil)
        #expect(module.slots[name + "_orig"] == nil && module.slots[name + "_mask"] == nil)
        #expect(sameBits(module[name], value))
        #expect(!Prune.isPruned(module))
        #expect(throws: PruningError.self) { try Prune.remove(module, name: name) }
      }
    }
  }

  // 25 and 26: recorded cases g_upstream and g_upstream_importance. 27: m_custom.

  @Test("28 a failing method changes nothing") func test28() throws {
    struct Failing: PruningMethod {
      struct Failure: Error {}
      let pruningType = PruningType.unstructured
      func computeMask(_ scores: Tensor, defaultMask: Tensor) throws -> Tensor { throw Failure() }
    }
    for make in layers {
      let module = make()
      #expect(throws: Failing.Failure.self) { try Prune.apply(Failing(), to: module, name: "weight") }
      #expect(module.slots["weight"]?.parameter != nil)
      #expect(module.slots["weight_mask"] == nil && module.slots["weight_orig"] == nil)
    }
  }

  @Test("29 the state of a pruned model, saved and loaded") func test29() throws {
    func pruned() throws -> Sequential {
      let model = Sequential(Linear(10, 10), ReLU(), Linear(10, 1))
      try Prune.l1Unstructured(model[0], name: "weight", amount: 0.5)
      return model
    }
    let model = try pruned()
    let loaded = try pruned()
    try loaded.loadStateDict(model.stateDict)
    #expect(model.stateDict.keys.contains("0.weight_orig") && model.stateDict.keys.contains("0.weight_mask"))
    #expect(sameBits(loaded[0]["weight"], model[0]["weight"]))
    #expect(sameBits(loaded[0]["weight_mask"], model[0]["weight_mask"]))
  }

  @Test("30 a removed model's state loads into a fresh one") func test30() throws {
    func fresh() -> Sequential { Sequential(Linear(10, 10), ReLU(), Linear(10, 1)) }
    let model = fresh()
    try Prune.l1Unstructured(model[0], name: "weight", amount: 0.5)
    let value = noGrad { model[0]["weight"].clone() }
    try Prune.remove(model[0], name: "weight")
    let loaded = fresh()
    try loaded.loadStateDict(model.stateDict)
    #expect(!loaded.stateDict.keys.contains { $0.hasSuffix("_orig") || $0.hasSuffix("_mask") })
    #expect(sameBits(loaded[0]["weight"], value))
  }

  // 31 and 32: recorded cases m_prune and m_prune_importance.

  @Test("33 scores equal to the tensor give the same as none") func test33() throws {
    let t = Tensor([[1, 2, 3, 4], [5, 6, 7, 8]] as [[Float]])
    let mask = Tensor([[1, 1, 1, 0], [1, 1, 0, 1]] as [[Float]])
    let method = L1Unstructured(amount: 2)
    #expect(
      sameBits(
        try method.prune(t, defaultMask: mask), try method.prune(t, defaultMask: mask, importanceScores: t)))
  }

  @Test("34 recurrent layers") func test34() throws {
    manualSeed(0)
    let module = LSTM(32, 32)
    let x = Tensor.randn([3, 2, 32])
    let names = module.namedParameters.keys
    try Prune.l1Unstructured(module, name: "weight_ih_l0", amount: 0.5)
    #expect(module.slots.values.filter { $0.parameter != nil }.count == 4)
    #expect(module.slots["weight_ih_l0_orig"]?.parameter != nil)
    #expect(module.slots["weight_ih_l0_mask"]?.buffer != nil)
    let pruned = module(x)
    try Prune.remove(module, name: "weight_ih_l0")
    #expect(Set(module.namedParameters.keys) == Set(names))
    #expect(module["weight_ih_l0"].sparsity == 0.5)
    #expect(module(x).allClose(pruned))
  }
}
