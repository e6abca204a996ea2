import NN
import Pruning
import Testing
import Torch

/// Masks that change many times during training.
@Suite(.serialized) struct GradualTests {
  @Test("undo goes back as far as the limit says, and no further") func undoLimit() throws {
    let limit = Prune.undoLimit
    defer { Prune.undoLimit = limit }
    #expect(limit == 8)
    Prune.undoLimit = 3
    manualSeed(0)
    let layer = Linear(10, 10)
    var states: [State] = []
    for _ in 0..<6 {
      try Prune.l1Unstructured(layer, name: "weight", amount: 2)
      states.append(State(layer))
    }
    for index in [4, 3, 2] {
      try Prune.undo(layer, name: "weight")
      #expect(State(layer) == states[index])
    }
    #expect(throws: PruningError.undoLimit("weight", module: "\(layer)", limit: 3)) {
      try Prune.undo(layer, name: "weight")
    }
    #expect(State(layer) == states[2])
    // A copy has the same past.
    try Prune.l1Unstructured(layer, name: "weight", amount: 2)
    let copy = try layer.copy(into: Linear(10, 10))
    try Prune.undo(copy, name: "weight")
    #expect(State(copy) == states[2])
    #expect(throws: PruningError.self) { try Prune.undo(copy, name: "weight") }
    // Where nothing was dropped, the first call can be taken back with any limit.
    Prune.undoLimit = 0
    let other = try Prune.l1Unstructured(Linear(3, 3), name: "weight", amount: 2)
    try Prune.undo(other, name: "weight")
    #expect(!Prune.isPruned(other))
  }

  @Test("earlier masks convert with their module") func earlierMasksConvert() throws {
    let layer = Linear(4, 4)
    for _ in 0..<3 { try Prune.l1Unstructured(layer, name: "weight", amount: 2) }
    layer.to(.bfloat16)
    try Prune.undo(layer, name: "weight")
    #expect(layer["weight_mask"].dtype == .bfloat16 && layer["weight_mask"].countNonzero() == 12)
  }

  @Test("a mask that is replaced grows entries back with their values") func replaced() throws {
    manualSeed(0)
    let layer = Linear(4, 3)
    let values = layer.weight.detach().clone()
    try Prune.l1Unstructured(layer, name: "weight", amount: 6)
    try Prune.l1Unstructured(layer, name: "weight", amount: 2)
    let before = State(layer)
    let history = try #require(layer.forwardPreHooks.values.first as? PruningHook).history.description
    let mask = Tensor([[1, 0, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1]] as [[Float]])
    try Prune.replaceMask(layer, name: "weight", mask: mask .!= 0)
    #expect(layer["weight_mask"].dtype == .float32 && layer["weight_mask"].equal(mask))
    #expect(sameBits(layer.weight, values * mask))
    let hook = try #require(layer.forwardPreHooks.values.first as? PruningHook)
    #expect(hook.history.description == "[CustomFromMask]" && hook.description == "CustomFromMask")
    // Methods act on what the new mask keeps.
    try Prune.l1Unstructured(layer, name: "weight", amount: 3)
    #expect(layer.weight.countNonzero() == 5)
    for _ in 0..<2 { try Prune.undo(layer, name: "weight") }
    #expect(State(layer) == before && hook.history.description == history)
    // Values that are neither 0 nor 1 scale, as with customFromMask.
    try Prune.replaceMask(layer, name: "weight", mask: mask / 2)
    #expect(sameBits(layer.weight, values * (mask / 2)))
    // A plain tensor becomes pruned; what is refused changes nothing.
    try Prune.replaceMask(layer, name: "bias", mask: Tensor([1, 0, 1] as [Float]))
    #expect(layer.bias?.countNonzero() == 2)
    let held = State(layer)
    #expect(throws: PruningError.self) { try Prune.replaceMask(layer, name: "weight", mask: mask[0]) }
    #expect(throws: PruningError.self) { try Prune.replaceMask(layer, name: "wieght", mask: mask) }
    #expect(State(layer) == held)
  }

  @Test("the history lists the last 64 methods") func history() throws {
    let layer = Linear(20, 20)
    try Prune.lnStructured(layer, name: "weight", amount: 1, n: 2, dim: 0)
    for _ in 0..<100 { try Prune.l1Unstructured(layer, name: "weight", amount: 1) }
    let hook = try #require(layer.forwardPreHooks.values.first as? PruningHook)
    #expect(hook.history.count == 64)
    #expect(hook.history.allSatisfy { "\($0)" == "L1Unstructured" })
    #expect(layer.weight.countNonzero() == 280)
  }

  @Test(
    "gradients are those of a product of tensors, to the last bit", arguments: DType.allCases.filter(\.isFloatingPoint))
  func gradients(_ dtype: DType) throws {
    for count in [7, 300, 70_000] {
      manualSeed(0)
      let layer = Linear(count, 1, bias: false)
      let special: [Double] = [0, -0.0, .infinity, -.infinity, .nan, -1, 1e-40]
      noGrad { _ = layer.weight.view(-1).narrow(0, start: 0, length: 7).copy(from: Tensor(special)) }
      layer.to(dtype)
      let mask = (Tensor.rand([1, count]) .> 0.5).to(dtype)
      noGrad { _ = mask.view(-1).narrow(0, start: 0, length: 7).copy(from: Tensor([0, 0, 0, 0, 1, 0, 1] as [Float])) }
      try Prune.customFromMask(layer, name: "weight", mask: mask)
      let plain = layer["weight_orig"].detach().clone().requiringGrad()
      let upstream = Tensor.randn([1, count]).to(dtype)
      noGrad { _ = upstream.view(-1).narrow(0, start: 0, length: 7).copy(from: Tensor(special.reversed())) }
      for gradient in [upstream, Tensor.ones([1, 1]).to(dtype).expand([1, count]), upstream.t.contiguous().t] {
        let (ours, theirs) = (layer.weight, mask * plain)
        #expect(ours.gradFunctionName == "MulBackward0" && ours.requiresGrad)
        #expect(sameBits(ours, theirs), "\(dtype), \(count) entries")
        ours.backward(gradient: gradient)
        theirs.backward(gradient: gradient)
        #expect(sameBits(layer["weight_orig"].grad!, plain.grad!), "gradients, \(dtype), \(count) entries")
      }
    }
  }

  @Test("gradients of gradients") func secondGradients() throws {
    manualSeed(0)
    let layer = Linear(4, 3, bias: false)
    try Prune.l1Unstructured(layer, name: "weight", amount: 5)
    let (mask, original) = (layer["weight_mask"], layer["weight_orig"])
    func penalty(_ weight: Tensor) -> Tensor? {
      let first = Tensor.gradients(of: [weight.pow(3).sum()], by: [original], createGraph: true)[0]
      return first.flatMap { Tensor.gradients(of: [$0.pow(2).sum()], by: [original])[0] }
    }
    let (ours, theirs) = (try #require(penalty(layer.weight)), try #require(penalty(mask * original)))
    #expect(sameBits(ours, theirs) && ours.countNonzero() == 7)
  }

  @Test("a backward pass uses the mask of its forward pass") func laterMasks() throws {
    let layer = Linear(3, 2, bias: false)
    try Prune.customFromMask(layer, name: "weight", mask: Tensor([[1, 0, 1], [0, 1, 0]] as [[Float]]))
    let y = layer(Tensor.ones([1, 3])).sum()
    try Prune.replaceMask(layer, name: "weight", mask: Tensor.zeros([2, 3]))
    y.backward()
    #expect(layer["weight_orig"].grad!.array(of: Float.self) == [1, 0, 1, 0, 1, 0])
  }

  @Test("masks with gaps and other values are expanded once") func otherLayouts() throws {
    manualSeed(0)
    for fractions in [false, true] {
      let layer = Conv2d(2, 3, kernelSize: 3, bias: false)
      layer.weight.setData(
        Tensor.emptyStrided([3, 2, 3, 3], strides: [18, 1, 6, 2], dtype: .float32).copy(from: layer.weight.detach()))
      let mask = (Tensor.rand([3, 2, 3, 3]) .> 0.5).to(.float32) / (fractions ? 2 : 1)
      try Prune.customFromMask(layer, name: "weight", mask: mask)
      for scale in [1.0, 3.0] {
        layer.zeroGrad()
        (layer.weight * scale).sum().backward()
        #expect(sameBits(layer["weight_orig"].grad!, mask * scale))
        #expect(sameBits(layer["weight_mask"], mask))
        noGrad { _ = layer["weight_mask"].fill(7) }  // a copy, as ever
      }
      try Prune.replaceMask(layer, name: "weight", mask: Tensor.ones([3, 2, 3, 3]))
      layer.zeroGrad()
      layer.weight.sum().backward()
      #expect(layer["weight_orig"].grad!.equal(Tensor.ones([3, 2, 3, 3])))
    }
  }

  @Test("zeros are held once, let go when asked, and refused for another optimiser") func holding() throws {
    manualSeed(0)
    let layer = Linear(6, 5)
    let optimizer = SGD(layer.parameters, learningRate: 0.1, weightDecay: 0.5)
    func train() {
      optimizer.zeroGrad()
      layer(Tensor.ones([1, 6])).sum().backward()
      optimizer.step()
    }
    try Prune.l1Unstructured(layer, name: "weight", amount: 0.5)
    let masked = layer["weight_mask"] .== 0
    for _ in 0..<5 { try Prune.holdZeros(layer, name: "weight", in: optimizer) }
    #expect(optimizer.stepHooks.hooks.count == 1)
    let before = layer["weight_orig"].detach()[masked]
    train()
    #expect(sameBits(layer["weight_orig"].detach()[masked], before))
    try Prune.remove(layer, name: "weight", holdingZerosIn: optimizer)
    #expect(optimizer.stepHooks.hooks.count == 1)
    train()
    #expect(layer.weight.sparsity == 0.5)
    #expect(try Prune.releaseZeros(layer, name: "weight", in: optimizer))
    #expect(try !Prune.releaseZeros(layer, name: "weight", in: optimizer))
    #expect(optimizer.stepHooks.hooks.isEmpty)
    train()
    #expect(layer.weight.sparsity == 0)
    let foreign = SGD(Linear(6, 5).parameters)
    let held = State(layer)
    #expect(throws: PruningError.foreignOptimizer("weight", module: "\(layer)")) {
      try Prune.holdZeros(layer, name: "weight", in: foreign)
    }
    try Prune.l1Unstructured(layer, name: "weight", amount: 0.5)
    #expect(throws: PruningError.self) { try Prune.remove(layer, name: "weight", holdingZerosIn: foreign) }
    #expect(Prune.isPruned(layer))
    try Prune.undo(layer, name: "weight")
    #expect(State(layer) == held)
  }

  @Test("zeros are held in a parameter that gets smaller") func holdingSlices() throws {
    manualSeed(0)
    let layer = Linear(6, 5)
    let optimizer = SGD(layer.parameters, learningRate: 0.1, momentum: 0.9)
    try Prune.l1Unstructured(layer, name: "weight", amount: 0.5)
    try Prune.remove(layer, name: "weight", holdingZerosIn: optimizer)
    for _ in 0..<2 {
      let zeros = layer.weight.count - layer.weight.countNonzero()
      optimizer.zeroGrad()
      layer(Tensor.ones([1, layer.inFeatures])).sum().backward()
      optimizer.step()
      #expect(layer.weight.count - layer.weight.countNonzero() == zeros)
      try optimizer.slice(layer.weight, dim: 1, indices: [5, 1, 2].filter { $0 < layer.inFeatures })
    }
    #expect(layer.weight.shape == [5, 2])
  }
}
