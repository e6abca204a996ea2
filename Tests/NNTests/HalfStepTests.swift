import NN
import Testing
import Torch

extension NNTests {
  /// Optimisers on half types, bit for bit with PyTorch's: `Recorded/record_half.py`. A factor rounded to the type
  /// before the product is rounded too shows here.
  @Suite struct HalfStepTests {
    private static let optimizers: [String: @Sendable (Tensor) -> any Optimizer] = [
      "sgd": { SGD([$0], learningRate: 0.03, momentum: 0.9, dampening: 0.1, weightDecay: 0.1) },
      "adam": { Adam([$0], learningRate: 0.03, epsilon: 1e-3, weightDecay: 0.1) },
      "adamw": { AdamW([$0], learningRate: 0.03, epsilon: 1e-3, weightDecay: 0.1, amsgrad: true) },
    ]

    @Test(arguments: optimizers.keys.sorted(), [DType.float16, .bfloat16])
    func stepsAsPyTorch(_ name: String, _ dtype: DType) throws {
      let recorded = try StateDict(contentsOf: Recorded.path("half.safetensors"))
      let key = "\(name)/\(dtype)"
      let parameter = try #require(recorded["\(key)/start"]).clone()
      #expect(parameter.dtype == dtype)
      parameter.requiresGrad = true
      let make = try #require(Self.optimizers[name])
      let optimizer = make(parameter)
      for i in 0..<3 {
        let gradient: Tensor = try #require(recorded["\(key)/grad.\(i)"])
        parameter.grad = gradient
        optimizer.step()
        #expect(difference(parameter.detach(), try #require(recorded["\(key)/after.\(i)"])) == 0, "step \(i)")
      }
    }
  }
}
