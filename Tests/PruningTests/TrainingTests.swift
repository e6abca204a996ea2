import NN
import Pruning
import Testing
import Torch

/// Pruned models in training: zeros that stay, states that load either way.
@Suite(.serialized) struct TrainingTests {
  private static let optimizers: [@Sendable ([Tensor]) -> any Optimizer] = [
    { SGD($0, learningRate: 0.1, momentum: 0.9, weightDecay: 0.1) },
    { Adam($0, learningRate: 0.01, weightDecay: 0.1) },
    { AdamW($0, learningRate: 0.01) },
  ]

  private func train(_ layer: Linear, _ optimizer: any Optimizer, steps: Int) {
    for _ in 0..<steps {
      optimizer.zeroGrad()
      mseLoss(layer(Tensor.randn([4, 6])), Tensor.randn([4, 5])).backward()
      optimizer.step()
    }
  }

  @Test(arguments: 0..<3) func zerosStayThroughMomentumAndDecay(_ index: Int) throws {
    manualSeed(0)
    let layer = Linear(6, 5)
    let optimizer = Self.optimizers[index](layer.parameters)
    train(layer, optimizer, steps: 3)
    try Prune.l1Unstructured(layer, name: "weight", amount: 0.5)
    try Prune.holdZeros(layer, name: "weight", in: optimizer)
    let masked = layer["weight_mask"] .== 0
    let before = layer["weight_orig"].detach()[masked]
    train(layer, optimizer, steps: 3)
    #expect(sameBits(layer["weight_orig"].detach()[masked], before), "masked originals keep their values")
    #expect(layer.weight.sparsity == 0.5)
    try Prune.remove(layer, name: "weight")
    let kept = layer.weight.detach().clone()
    train(layer, optimizer, steps: 3)
    #expect(layer.weight.detach()[masked].countNonzero() == 0, "zeros stay after removal")
    #expect(layer.weight.sparsity == 0.5)
    #expect(!layer.weight.detach().equal(kept), "the others are trained")
  }

  @Test(arguments: 0..<3) func removeHoldsZerosWhenAsked(_ index: Int) throws {
    for hold in [false, true] {
      manualSeed(0)
      let layer = Linear(6, 5)
      let optimizer = Self.optimizers[index](layer.parameters)
      train(layer, optimizer, steps: 2)
      try Prune.l1Unstructured(layer, name: "weight", amount: 0.5)
      train(layer, optimizer, steps: 2)
      try Prune.remove(layer, name: "weight", holdingZerosIn: hold ? optimizer : nil)
      #expect(layer.weight.sparsity == 0.5)
      train(layer, optimizer, steps: 1)
      #expect((layer.weight.sparsity == 0.5) == hold, "PyTorch's behaviour unless asked")
    }
  }

  @Test func nothingIsHeldOnceThePruningIsTakenBack() throws {
    manualSeed(0)
    let layer = Linear(6, 5)
    let twin = try layer.copy(into: Linear(6, 5))
    let optimizer = SGD(layer.parameters, learningRate: 0.1, momentum: 0.9)
    try Prune.l1Unstructured(layer, name: "weight", amount: 0.5)
    try Prune.holdZeros(layer, name: "weight", in: optimizer)
    try Prune.undo(layer, name: "weight")
    manualSeed(1)
    train(layer, optimizer, steps: 2)
    manualSeed(1)
    train(twin, SGD(twin.parameters, learningRate: 0.1, momentum: 0.9), steps: 2)
    #expect(sameBits(layer.weight, twin.weight))
  }

  @Test func whatIsHeldMayBeChangedBetweenSteps() throws {
    manualSeed(0)
    let layer = Linear(6, 5)
    let optimizer = SGD(layer.parameters, learningRate: 0.1, weightDecay: 0.1)
    try Prune.l1Unstructured(layer, name: "weight", amount: 0.5)
    try Prune.holdZeros(layer, name: "weight", in: optimizer)
    train(layer, optimizer, steps: 1)
    noGrad { _ = layer["weight_orig"].fill(2) }
    train(layer, optimizer, steps: 1)
    let masked = layer["weight_mask"] .== 0
    #expect(layer["weight_orig"].detach()[masked].array(of: Float.self).allSatisfy { $0 == 2 })
  }

  @Test func zerosOfAModelPrunedElsewhere() throws {
    manualSeed(0)
    let layer = Linear(6, 5)
    try Prune.remove(Prune.l1Unstructured(layer, name: "weight", amount: 12), name: "weight")
    let optimizer = SGD(layer.parameters, learningRate: 0.1)
    try Prune.holdZeros(layer, name: "weight", in: optimizer)
    train(layer, optimizer, steps: 2)
    #expect(layer.weight.sparsity == 0.4)
  }

  @Test func undoTakesARemovalBack() throws {
    manualSeed(0)
    let layer = Linear(6, 5)
    try Prune.l1Unstructured(layer, name: "weight", amount: 0.5)
    try Prune.l1Unstructured(layer, name: "bias", amount: 1)
    try Prune.l1Unstructured(layer, name: "weight", amount: 2)
    let before = State(layer)
    let biasBefore = layer["bias_orig"].detach().clone()
    try Prune.remove(layer, name: "weight", undoable: true)
    train(layer, SGD(layer.parameters, learningRate: 0.1), steps: 1)
    // The bias is another tensor: what training made of it stays.
    let bias = layer["bias_orig"].detach().clone()
    try Prune.undo(layer, name: "weight")
    #expect(sameBits(layer["bias_orig"], bias))
    noGrad { _ = layer["bias_orig"].copy(from: biasBefore) }
    #expect(State(layer) == before)
    try Prune.undo(layer, name: "weight")
    try Prune.undo(layer, name: "weight")
    #expect(layer.slots["weight"]?.parameter != nil && layer.weight.sparsity == 0)
  }

  @Test func statesLoadEitherWay() throws {
    manualSeed(0)
    func net() -> Sequential { Sequential(Linear(6, 5), ReLU(), Linear(5, 2)) }
    let plain = net()
    let pruned = net()
    try Prune.l1Unstructured(pruned[0], name: "weight", amount: 0.5)
    let x = Tensor.randn([3, 6])

    // A pruned state into an unpruned model: refused by the strict names, loaded when asked.
    var model = net()
    let before = State(model[0])
    #expect(throws: ModuleError.self) { try model.loadStateDict(pruned.stateDict) }
    #expect(State(model[0]) == before)
    try Prune.load(pruned.stateDict, into: model)
    #expect(!Prune.isPruned(model))
    #expect(sameBits(model(x), pruned(x)))
    model = net()
    try Prune.load(pruned.stateDict, into: model, .asState)
    #expect(model.stateDict.keys == pruned.stateDict.keys)
    #expect(State(model[0]).bytes == State(pruned[0]).bytes)

    // A plain state into a pruned model.
    model = try pruned.copy(into: net())
    try Prune.load(plain.stateDict, into: model)
    #expect(sameBits(model[0]["weight_orig"], plain[0]["weight"]))
    #expect(sameBits(model[0]["weight_mask"], pruned[0]["weight_mask"]))
    try Prune.load(plain.stateDict, into: model, .asState)
    #expect(State(model[0]) == State(plain[0]))

    // Anything else that does not fit is still refused, and nothing changes.
    model = try pruned.copy(into: net())
    let held = State(model[0])
    var wrong = plain.stateDict
    wrong["2.weight"] = Tensor.zeros([7, 7])
    #expect(throws: ModuleError.self) { try Prune.load(wrong, into: model, .asState) }
    #expect(State(model[0]) == held)
  }
}
