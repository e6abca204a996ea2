import NN
import Testing
import Torch

private let initialisers: [String: @Sendable () -> Tensor] = [
  "uniform": { Init.uniform(.empty([3, 5]), -2, 3) },
  "normal": { Init.normal(.empty([4, 8]), mean: 1, std: 2) },
  "truncNormal": { Init.truncNormal(.empty([6, 8]), mean: 0.5, std: 2, low: -1, high: 2) },
  "truncNormal far": { Init.truncNormal(.empty([6, 8]), low: 1.5, high: 2) },
  "constant": { Init.constant(.empty([2]), 0.3) },
  "eye": { Init.eye(.empty([3, 4])) },
  "dirac": { Init.dirac(.empty([4, 3, 3, 2]), groups: 2) },
  "xavierUniform": { Init.xavierUniform(.empty([3, 4, 2]), gain: Init.gain(.tanh)) },
  "xavierNormal": { Init.xavierNormal(.empty([4, 8])) },
  "kaimingUniform": { Init.kaimingUniform(.empty([3, 4, 2]), mode: .fanOut, nonlinearity: .relu) },
  "kaimingNormal": { Init.kaimingNormal(.empty([4, 8]), a: 0.2) },
  "kaimingNormal selu": { Init.kaimingNormal(.empty([4, 8]), nonlinearity: .selu) },
  "orthogonal": { Init.orthogonal(.empty([4, 3, 2]), gain: 2) },
  "orthogonal tall": { Init.orthogonal(.empty([6, 3])) },
  "sparse": { Init.sparse(.empty([7, 5]), sparsity: 0.5, std: 0.1) },
]

extension NNTests {
  @Suite struct InitTests {
    /// Equal bit for bit where it was recorded; logarithms and factorisations differ between processors.
    @Test(arguments: initialisers.keys.sorted()) func drawsAsPyTorch(_ name: String) throws {
      let recorded = try StateDict(contentsOf: Recorded.path("init.safetensors"))
      #expect(recorded.keys.sorted() == initialisers.keys.sorted())
      let make = try #require(initialisers[name])
      manualSeed(0)
      #expect(difference(make(), try #require(recorded[name])) < 2e-6)
    }

    @Test func recordsNoGradientAndTakesAGenerator() {
      let weight = Tensor.empty([4, 4]).requiringGrad()
      #expect(Init.kaimingUniform(weight, generator: Generator(seed: 3)).isSame(as: weight))
      #expect(weight.isLeaf && weight.requiresGrad)
      #expect(weight.equal(Init.kaimingUniform(.empty([4, 4]), generator: Generator(seed: 3))))
      #expect(Init.kaimingUniform(.empty([0, 3])).count == 0)
    }
  }
}
