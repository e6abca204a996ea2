import NN
import Pruning
import Testing
import Torch

/// One layer at two properties, one parameter in two layers, and products that layers write to.
@Suite(.serialized) struct SharingTests {
  private final class Twice: Module {
    let encoder: Linear
    let decoder: Linear
    let other = Linear(4, 4)
    override init() {
      encoder = Linear(4, 4)
      decoder = encoder
      super.init()
    }
    override func forward(_ x: Tensor) -> Tensor { other(decoder(encoder(x))) }
  }

  private final class Tied: Module {
    let encoder = Linear(4, 4)
    let decoder = Linear(4, 4)
    override init() {
      super.init()
      decoder.replaceParameter("weight", by: encoder.weight)
    }
    override func forward(_ x: Tensor) -> Tensor { decoder(encoder(x)) }
  }

  @Test("a layer that stands twice loads in every translation", arguments: [Prune.Loading.intoModel, .asState])
  func layerTwice(_ loading: Prune.Loading) throws {
    manualSeed(0)
    let (plain, pruned) = (Twice(), Twice())
    try Prune.l1Unstructured(pruned.encoder, name: "weight", amount: 0.5)
    try Prune.customFromMask(pruned.encoder, name: "bias", mask: Tensor([0.5, 0, 1, 1] as [Float]))
    let x = Tensor.randn([2, 4])
    let prunedState = pruned.stateDict.mapValues { $0.clone() }
    let plainState = plain.stateDict.mapValues { $0.clone() }

    let first = Twice()
    try Prune.load(prunedState, into: first, loading)
    #expect(Prune.isPruned(first) == (loading == .asState))
    #expect(sameBits(first(x), pruned(x)))
    if loading == .asState {
      #expect(Set(first.stateDict.keys) == Set(prunedState.keys))
      for (name, tensor) in first.stateDict { #expect(sameBits(tensor, try #require(prunedState[name])), "\(name)") }
      #expect(first.encoder.forwardPreHooks.count == 2)
      try Prune.undo(first.encoder, name: "weight")
      #expect(first.encoder.weight.sparsity == 0)
    }

    let second = try pruned.copy(into: Twice())
    try Prune.load(plainState, into: second, loading)
    #expect(Prune.isPruned(second) == (loading == .intoModel))
    if loading == .asState {
      #expect(State(second.encoder) == State(plain.encoder))
    } else {
      #expect(sameBits(second.encoder["weight_orig"], plain.encoder.weight))
      #expect(sameBits(second.encoder["weight_mask"], pruned.encoder["weight_mask"]))
    }
    #expect(sameBits(second.other.weight, plain.other.weight))
  }

  @Test("a parameter in two layers is pruned as one when it is loaded", arguments: [Prune.Loading.intoModel, .asState])
  func tiedParameter(_ loading: Prune.Loading) throws {
    manualSeed(0)
    let pruned = Tied()
    try Prune.globalUnstructured(
      [(pruned.encoder, "weight"), (pruned.decoder, "weight")], method: L1Unstructured.self, amount: 8)
    let model = Tied()
    try Prune.load(pruned.stateDict, into: model, loading)
    #expect(sameBits(model.encoder.weight, pruned.encoder.weight))
    #expect(sameBits(model.decoder.weight, pruned.decoder.weight))
    if loading == .asState {
      #expect(sameBits(model.encoder["weight_orig"], pruned.encoder["weight_orig"]))
      try Prune.l1Unstructured(model.decoder, name: "weight", amount: 4)
      #expect(model.encoder.weight.sparsity == 0.75, "one pruned tensor in both places")
      try Prune.remove(model.encoder, name: "weight")
      #expect(!Prune.isPruned(model))
    } else {
      #expect(!Prune.isPruned(model))
    }
    #expect(model.namedParameters.count == 3)
    let plain = Tied()
    let back = try pruned.copy(into: Tied())
    try Prune.load(plain.stateDict, into: back, loading)
    #expect(Prune.isPruned(back) == (loading == .intoModel))
    #expect(back.encoder[loading == .asState ? "weight" : "weight_orig"].equal(plain.encoder.weight))
  }

  @Test("what a layer writes to the product is not kept") func productsThatAreWrittenTo() throws {
    manualSeed(0)
    let embedding = Embedding(6, 4, maxNorm: 0.5)
    let values = embedding.weight.detach().clone()
    let mask = (Tensor.rand([6, 4]) .> 0.3).to(.float32)
    try Prune.customFromMask(embedding, name: "weight", mask: mask)
    let positions = Tensor([0, 3, 5])
    let scaled = noGrad { embedding(positions) }
    #expect(scaled.vectorNorm(2, [1]).max().item() < 0.5001)
    #expect(sameBits(noGrad { embedding.weight }, values * mask), "the vectors were scaled for the pass")
    #expect(sameBits(embedding(positions), scaled), "with gradients as without")
    try Prune.l1Unstructured(embedding, name: "weight", amount: 0)
    #expect(sameBits(embedding["weight_orig"], values))
    _ = noGrad { embedding(positions) }
    try Prune.remove(embedding, name: "weight")
    #expect(sameBits(embedding.weight, values * mask))
    // Not pruned, they are scaled for good, as in PyTorch.
    #expect(sameBits(embedding(positions), scaled) && !embedding.weight.equal(values * mask))
    // Anyone else may write to it as well.
    let layer = try Prune.l1Unstructured(Linear(4, 3), name: "weight", amount: 0.5)
    noGrad {
      let product = layer.weight.clone()
      _ = layer.weight.fill(7)
      #expect(sameBits(layer.weight, product))
      layer.weight.withUnsafeMutableBuffer(of: Float.self) { $0[0] = 7 }
      layer.weight.detach().view(-1)[1].fill(7)
      #expect(sameBits(layer.weight, product))
    }
  }

  @Test("undo keeps the parts of other pruned tensors together") func orderAfterUndo() throws {
    let layer = ConvTranspose2d(1, 1, kernelSize: 1)
    try Prune.globalUnstructured(
      [(layer, "bias"), (layer, "weight")], method: RandomUnstructured.self, amount: .count(0))
    try Prune.undo(layer, name: "bias")
    #expect(Array(layer.slots.keys) == ["bias", "weight_orig", "weight_mask", "weight"])
    try Prune.identity(layer, name: "bias")
    try Prune.remove(layer, name: "weight")
    #expect(Array(layer.slots.keys) == ["bias_orig", "bias_mask", "bias", "weight"])
    try Prune.undo(layer, name: "bias")
    #expect(Array(layer.slots.keys) == ["bias", "weight"])
  }
}
