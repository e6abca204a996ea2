import NN
import Testing
import Torch

/// A weight of which half is masked, as pruning puts it in a parameter's place.
private final class HalfMasked: ComputedTensor {
  let module: Unmanaged<Module>
  let name: String
  init(_ module: Module, _ name: String) {
    self.module = .passUnretained(module)
    self.name = name
  }
  var value: Tensor {
    let module = module.takeUnretainedValue()
    return module[name + "_orig"] * module[name + "_mask"]
  }
  func copy(for twin: Module) -> HalfMasked { HalfMasked(twin, name) }
}

private func mask(_ module: Module, _ name: String) {
  let weight = module[name]
  module.slots[name] = nil
  module.registerParameter(name + "_orig", weight)
  let mask = (Tensor.arange(to: weight.count).reshape(weight.shape) .< weight.count / 2).to(weight.dtype)
  module.registerBuffer(name + "_mask", mask)
  module.slots[name] = .computed(HalfMasked(module, name))
}

extension NNTests {
  @Suite struct ComputedTests {
    /// The layer with masked weights computes what a layer of the product computes, forward and backward, twice.
    private func check(
      _ layer: Module, _ twin: Module, masking names: [(Module, Module, String)], _ apply: (Module) -> Tensor
    ) throws {
      try twin.loadStateDict(layer.stateDict)
      for (module, other, name) in names {
        mask(module, name)
        other[name].detach().copy(from: module[name])
      }
      for _ in 0..<2 {
        layer.zeroGrad()
        twin.zeroGrad()
        let (y, z) = (apply(layer), apply(twin))
        #expect(y.equal(z))
        (y * y).sum().backward()
        (z * z).sum().backward()
        for (module, other, name) in names {
          let (grad, plain) = (try #require(module[name + "_orig"].grad), try #require(other[name].grad))
          #expect(grad.equal(plain * module[name + "_mask"]))
        }
        for (module, other, name) in names {  // an optimiser's step
          noGrad {
            module[name + "_orig"] += Tensor.ones(module[name].shape)
            other[name].copy(from: module[name])
          }
        }
      }
    }

    @Test func linear() throws {
      let (layer, twin) = (Linear(4, 3), Linear(4, 3))
      let x = Tensor.rand([2, 4])
      try check(layer, twin, masking: [(layer, twin, "weight"), (layer, twin, "bias")]) { $0(x) }
      #expect(
        Array(layer.stateDict.keys) == ["weight_orig", "bias_orig", "weight_mask", "bias_mask"])
    }

    @Test func recurrent() throws {
      let (layer, twin) = (LSTM(3, 4, layers: 2), LSTM(3, 4, layers: 2))
      let x = Tensor.rand([5, 2, 3])
      try check(layer, twin, masking: [(layer, twin, "weight_hh_l1"), (layer, twin, "bias_ih_l0")]) { $0(x) }
    }

    @Test func attention() throws {
      let (layer, twin) = (MultiheadAttention(8, heads: 2), MultiheadAttention(8, heads: 2))
      let x = Tensor.rand([5, 2, 8])
      let names = [(layer, twin, "in_proj_weight"), (layer.outProj as Module, twin.outProj as Module, "weight")]
      try check(layer, twin, masking: names) { module in
        guard let attention = module as? MultiheadAttention else { return x }
        return attention(x, x, x).output
      }
    }

    @Test func copiesStandOnTheirOwn() throws {
      let model = LeNet()
      mask(model.fc1, "weight")
      let twin = try model.copy(into: LeNet())
      #expect(Array(twin.stateDict.keys) == Array(model.stateDict.keys))
      #expect(twin.fc1.weight.equal(model.fc1.weight))
      noGrad { _ = twin.fc1["weight_orig"].fill(1) }
      #expect(!twin.fc1.weight.equal(model.fc1.weight))
      #expect(twin.fc1.weight.sum().item() == 24000)
    }
  }
}
