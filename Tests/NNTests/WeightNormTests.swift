import NN
import Testing
import Torch

extension NNTests {
  @Suite struct WeightNormTests {
    @Test func itIsTakenAwayAgainWithItsValue() throws {
      manualSeed(0)
      let layer = Linear(4, 3)
      let weight = layer.weight
      let before = weight.clone()
      try WeightNorm.apply(to: layer)
      #expect(Array(layer.stateDict.keys) == ["bias", "weight_g", "weight_v"] && layer.outFeatures == 3)
      #expect(difference(layer.weight, before) < 1e-6)
      noGrad { _ = layer["weight_g"].multiplyInPlace(2) }
      let doubled = layer.weight.clone()
      #expect(difference(doubled, before * 2) < 1e-6)
      #expect(throws: ModuleError.self) { try WeightNorm.apply(to: layer) }
      let twin = try layer.copy(
        into: { () throws -> Linear in
          let twin = Linear(4, 3)
          try WeightNorm.apply(to: twin)
          return twin
        }())
      noGrad { _ = layer["weight_g"].zero() }
      #expect(difference(twin.weight, doubled) == 0)
      try WeightNorm.remove(from: twin)
      #expect(Array(twin.stateDict.keys) == ["bias", "weight"] && difference(twin.weight, doubled) == 0)
      #expect(twin.weight.requiresGrad)
      #expect(throws: ModuleError.self) { try WeightNorm.remove(from: twin) }
    }

    @Test func stacksBeginEqual() {
      manualSeed(0)
      let stack = TransformerEncoder(TransformerEncoderLayer(8, heads: 2, feedForward: 12), layers: 3)
      let after = Tensor.randn([2])
      manualSeed(0)
      let layer = TransformerEncoderLayer(8, heads: 2, feedForward: 12)
      #expect(difference(.randn([2]), after) == 0)
      for copy in stack.layers.modules {
        for (name, tensor) in layer.stateDict { #expect(difference(tensor, copy.stateDict[name] ?? tensor * 2) == 0) }
      }
      #expect(stack.parameterCount == 3 * layer.parameterCount)
    }
  }
}
