import Testing
import Torch

/// One after the other: they share the default generator.
@Suite(.serialized) struct RandomTests {
  typealias Case = OperatorTests.Case

  static let seeds: [String: UInt64] = ["seed": 1 << 63 + 5]

  static let draws: [String: @Sendable () -> [Tensor]] = [
    "rand": { [.rand([3, 4]), .rand([100]), .rand([5], dtype: .float64)] },
    "rand.half": { [.rand([20], dtype: .float16), .rand([20], dtype: .bfloat16)] },
    "randn": { [.randn([3]), .randn([15]), .randn([16]), .randn([100]), .randn([20], dtype: .float64)] },
    "randint": {
      [.randint(0..<10, [20]), .randint(-(1 << 40)..<1 << 40, [20]), .randint(0..<200, [20], dtype: .uint8)]
    },
    "randperm": { [.randperm(10), .randperm(1000), Tensor.randperm(40000)[..<50]] },
    "bernoulli": { [Tensor.full([50], 0.3).bernoulli(), Tensor.empty([50]).bernoulliInPlace(0.7)] },
    "multinomial": {
      [Tensor([0.1, 0.2, 0.7] as [Float]).multinomial(20, replacement: true), Tensor.ones([6]).multinomial(6)]
    },
    "uniform": { [Tensor.empty([30]).uniform(-2, 3), Tensor.empty([5, 5], dtype: .float64).uniform(0, 1)] },
    "normal": { [Tensor.empty([30]).normal(mean: 1, std: 2), Tensor.empty([7]).normal()] },
    "like": { [Tensor.zeros([4, 4], dtype: .float16).randLike(), Tensor.zeros([4]).randnLike()] },
    "dropout": { [dropout(.ones([40]), p: 0.4)] },
    "seed": { [.rand([10])] },
    "generator": {
      let own = Generator(seed: 42)
      return [
        .rand([8], generator: own), .randn([8], generator: own), .randperm(8, generator: own), .rand([4]),
      ]
    },
  ]

  @Test func equalPythonBitForBit() throws {
    let cases: [Case] = try Recorded.load("random")
    #expect(Set(cases.map(\.id)) == Set(Self.draws.keys))
    for recorded in cases {
      let draw = try #require(Self.draws[recorded.id])
      manualSeed(Self.seeds[recorded.id] ?? 0)
      let found = draw()
      try #require(found.count == recorded.outputs.count)
      for (place, (tensor, stored)) in zip(found, recorded.outputs).enumerated() {
        let expected = try stored.tensor()
        #if arch(x86_64)
          #expect(identical(tensor, expected), "\(recorded.id), \(place): \(tensor)\nexpected \(expected)")
        #else
          // Normal draws go through the processor's logarithm and cosine.
          #expect(tensor.allClose(expected, relative: 1e-5, absolute: 1e-6), "\(recorded.id), \(place)")
        #endif
      }
    }
  }

  @Test func aGeneratorsStateIsItsPlaceInTheSequence() {
    let generator = Generator(seed: 7)
    let state = generator.state
    let first = Tensor.rand([5], generator: generator)
    let second = Tensor.rand([5], generator: generator)
    #expect(!first.equal(second))
    generator.state = state
    #expect(identical(Tensor.rand([5], generator: generator), first))
    #expect(state.dtype == .uint8 && state.count > 0)
  }

  @Test func drawsWithinPreservingStateDoNotMoveTheSequenceOn() {
    manualSeed(11)
    let expected = Tensor.rand([5])
    manualSeed(11)
    Generator.preservingState { _ = Tensor.rand([100]) }
    #expect(identical(Tensor.rand([5]), expected))
  }

  @Test func aGeneratorOfItsOwnLeavesTheDefaultOne() {
    manualSeed(11)
    let expected = Tensor.rand([5])
    manualSeed(11)
    _ = Tensor.rand([100], generator: Generator(seed: 1))
    #expect(identical(Tensor.rand([5]), expected))
    Generator.default().manualSeed(11)
    #expect(identical(Tensor.rand([5]), expected))
  }

  /// Draws from [0, 1) do without LibTorch's kernel, which is used where gradients are recorded.
  @Test func drawsAreThoseOfTheEnginesKernel() {
    let ours = Generator(seed: 5)
    let engines = Generator(seed: 5)
    // A state of the generator is 624 words; a float64 takes two, so that float32 before it shifts the pairs.
    for count in [1, 2, 310, 311, 312, 313, 622, 623, 624, 625, 1248, 5000, 200_003] {
      for dtype in [DType.float32, .float64, .bfloat16, .float16] {
        let found = Tensor.rand([count], dtype: dtype, generator: ours)
        let expected = noGrad {
          Tensor.empty([count], dtype: dtype).requiringGrad().uniform(0, 1, generator: engines)
        }
        #expect(identical(found, expected), "\(count) \(dtype)")
        #expect(identical(ours.state, engines.state), "\(count) \(dtype)")
      }
      // Other draws go on from the same place.
      #expect(identical(Tensor.randn([3], generator: ours), Tensor.randn([3], generator: engines)))
    }
  }

  @Test func drawsInPlaceCountAsAChange() {
    let tensor = Tensor.zeros([4])
    let version = tensor.version
    tensor.uniform(0, 1)
    #expect(tensor.version > version)
    #expect(Tensor.rand([4]).version == 0 && tensor.randLike().version == 0)
    #expect(Tensor.rand([0]).shape == [0])
  }
}
