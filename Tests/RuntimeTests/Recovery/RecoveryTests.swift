import Checkpoints
import Compaction
import Foundation
import Graphs
import NN
import OrderedCollections
import Pruning
import Testing
import Torch

@testable import Runtime

/// Models brought back to what the original computes.
@Suite struct RecoveryTests {
  /// Two layers without anything between them: 12 hidden units say what 6 say.
  final class Redundant: Module {
    let first = Linear(6, 12)
    let second = Linear(12, 4)
    override func forward(_ x: Tensor) -> Tensor { second(first(x)) }
  }

  /// A block with a shortcut, norms without biases before them, and what pruning leaves of it.
  final class Block: Module {
    let stem: Conv2d
    let norm: BatchNorm2d
    let conv1: Conv2d
    let norm1: BatchNorm2d
    let conv2: Conv2d
    let norm2: BatchNorm2d
    let head: Linear

    init(width: Int = 6, inner: Int = 8, hasBias: Bool = false) {
      stem = Conv2d(2, width, kernelSize: 3, padding: 1, bias: hasBias)
      norm = BatchNorm2d(width)
      conv1 = Conv2d(width, inner, kernelSize: 3, padding: 1, bias: false)
      norm1 = BatchNorm2d(inner)
      conv2 = Conv2d(inner, width, kernelSize: 3, padding: 1, bias: hasBias)
      norm2 = BatchNorm2d(width)
      head = Linear(width, 5)
    }

    override func forward(_ x: Tensor) -> Tensor {
      let x = relu(norm(stem(x)))
      return head(relu(norm2(conv2(relu(norm1(conv1(x))))) + x).mean([2, 3]))
    }
  }

  /// One layer alone.
  final class Single: Module {
    let layer: Module
    init(_ layer: Module) { self.layer = layer }
    override func forward(_ x: Tensor) -> Tensor { layer(x) }
  }

  /// A block as training might leave it.
  static func block(seed: UInt64, _ fresh: () -> Block = { Block() }) -> Block {
    manualSeed(seed)
    let block = fresh()
    for (name, buffer) in block.namedBuffers where name.contains("running") {
      noGrad { _ = name.hasSuffix("var") ? buffer.uniform(0.5, 1.5) : buffer.normal(std: 0.3) }
    }
    block.eval()
    return block
  }

  static func twin(_ module: Block) throws -> Block { try module.copy(into: Block()) }

  @Test func hiddenUnitsThatOthersSayAreMadeUpFor() throws {
    manualSeed(1)
    let small = Redundant()
    let big = try small.copy(into: Redundant())
    let x = Tensor.randn([256, 6], generator: Generator(seed: 1))
    let made = try small.compact(CompactionRecipe(target: .amount(0.5)), example: x)
    let report = try Recovery([.leastSquares]).run(small, teacher: big, inputs: x, kept: made.kept)
    #expect(report.before.relativeError > 0.1)
    #expect(report.after.relativeError < 1e-4)
    #expect(report.steps[0].layers.map(\.name) == ["first.weight", "second.weight"])
    #expect(report.heldOut == 32)
  }

  /// Layers by their kinds.
  static func layer(_ number: Int) -> Module {
    switch number {
    case 0: Conv2d(4, 6, kernelSize: 3, stride: 2, padding: 1)
    case 1: Conv2d(4, 6, kernelSize: 3, padding: 2, dilation: 2)
    case 2: Conv2d(4, 6, kernelSize: 3, groups: 2)
    case 3: Conv2d(4, 4, kernelSize: 3, padding: 1, groups: 4)
    case 4: Conv2d(4, 6, kernelSize: 1, bias: false)
    case 5: Conv1d(4, 6, kernelSize: 5, stride: 2, padding: 2)
    case 6: Conv3d(4, 3, kernelSize: 2, stride: 1)
    case 7: Linear(4, 3)
    default: Linear(4, 3, bias: false)
    }
  }

  @Test(arguments: 0..<9) func everyKindOfLayerComesBack(_ number: Int) throws {
    manualSeed(UInt64(number))
    let layer = Self.layer(number)
    let shapes = ["Conv1d": [40, 4, 30], "Conv2d": [40, 4, 9, 9], "Conv3d": [40, 4, 4, 4, 4], "Linear": [200, 4]]
    let x = Tensor.randn(try #require(shapes["\(type(of: layer))"]), generator: Generator(seed: 3))
    let big = try GraphModule(TracedModule(Single(layer).eval(), example: x))
    let small = try GraphModule(TracedModule(Single(layer).eval(), example: x))
    // Weights of its own, with noise.
    for path in small.namedParameters.keys {
      let module = try small.module(at: "layer")
      let name = String(path.dropFirst("layer.".count))
      let noise = Tensor.randn(module[name].shape, generator: Generator(seed: 5))
      module.replaceParameter(name, by: noGrad { module[name].detach() + noise * 0.3 })
    }
    let report = try Recovery([.leastSquares]).run(small, teacher: big, inputs: [x])
    #expect(report.before.relativeError > 0.1)
    #expect(report.after.relativeError < 1e-4)
    for (path, tensor) in small.namedParameters {
      #expect(difference(tensor.detach(), try big.tensor(path).detach()) < 1e-3, "\(path)")
    }
  }

  @Test func zerosStayAndTheRestIsTheLeastSquaresSolutionOfEachRow() throws {
    manualSeed(2)
    let big = Linear(8, 3)
    let small = try big.copy(into: Linear(8, 3))
    let mask = Tensor.rand([3, 8], generator: Generator(seed: 4)) .> 0.5
    noGrad { _ = small.weight.multiplyInPlace(mask.to(.float32)) }
    let mix = Tensor.randn([8, 8], generator: Generator(seed: 6))
    let x = Tensor.randn([400, 8], generator: Generator(seed: 5)).matmul(mix) + 1.0
    let report = try Recovery([.leastSquares]).run(Single(small), teacher: Single(big), inputs: x)
    #expect(report.after.relativeError < report.before.relativeError)
    #expect((small.weight.detach() .== 0).equal(mask.logicalNot()))
    // By LibTorch's own solver, row by row, on the samples that were learnt from.
    let learned = (0..<400).filter { $0 % 8 != 7 }
    let rows = x.indexSelect(0, Tensor(learned.map(Int64.init))).to(.float64)
    let wanted = noGrad { linear(rows.to(.float32), big.weight, big.bias).detach().to(.float64) }
    for row in 0..<3 {
      let places = mask.select(0, row).nonzero().reshape([-1])
      let columns = Tensor.cat([rows.indexSelect(1, places), Tensor.ones([350, 1], dtype: .float64)], dim: 1)
      let solution = callList("linalg_lstsq", columns, wanted.narrow(1, start: row, length: 1), capacity: 4)[0]
      let own = small.weight.detach().select(0, row).indexSelect(0, places).to(.float64)
      #expect(difference(own, solution.narrow(0, start: 0, length: places.count).reshape([-1])) < 2e-3)
    }
  }

  @Test(arguments: [false, true]) func aPruningThatIsNotPermanentStays(_ isGraph: Bool) throws {
    let big = Self.block(seed: 31)
    let small = try Self.twin(big)
    let x = Tensor.randn([64, 2, 8, 8], generator: Generator(seed: 8))
    let example = x.narrow(0, start: 0, length: 2)
    let graph = try GraphModule(TracedModule(small, example: example))
    let layer = isGraph ? try graph.module(at: "conv2") : small.conv2
    try Prune.l1Unstructured(layer, name: "weight", amount: 0.7)
    let (hidden, mask) = (layer["weight_orig"].detach().clone(), layer["weight_mask"].clone())
    let report =
      isGraph
      ? try Recovery([.leastSquares]).run(
        graph, teacher: GraphModule(TracedModule(big, example: example)), inputs: [x])
      : try Recovery([.leastSquares]).run(small, teacher: big, inputs: x)
    #expect(report.after.relativeError < 0.9 * report.before.relativeError)
    #expect(report.steps[0].layers.contains { $0.name.hasPrefix("conv2.weight") && $0.after < $0.before })
    #expect(layer["weight_mask"].equal(mask))
    let (now, isMasked) = (layer["weight_orig"].detach(), mask .== 0)
    #expect(difference(now.maskedSelect(isMasked), hidden.maskedSelect(isMasked)) == 0)
  }

  @Test func aResidualSumIsTheTargetAndNormsTakeTheConstants() throws {
    let big = Self.block(seed: 3)
    let x = Tensor.randn([64, 2, 10, 10], generator: Generator(seed: 8))
    let pruned = try Self.twin(big)
    noGrad { _ = pruned.conv1.weight.narrow(0, start: 0, length: 4).zero() }
    let model = try GraphModule(TracedModule(pruned, example: x))
    let layers = try FittedLayer.all(in: model).layers
    #expect(layers.map(\.path) == ["stem.weight", "conv1.weight", "conv2.weight", "head.weight"])
    #expect(layers.map(\.reference.kind) == [.norm, .norm, .sum, .own])
    let bias = try Recovery([.bias]).run(pruned, teacher: big, inputs: x)
    #expect(bias.after.relativeError < bias.before.relativeError)
    let squares = try Recovery([.leastSquares]).run(pruned, teacher: big, inputs: x)
    #expect(squares.after.relativeError < 0.8 * bias.after.relativeError)
  }

  @Test func calibrationTakesTheStatisticsOfAllSamples() throws {
    let big = Self.block(seed: 4)
    let small = try Self.twin(big)
    let x = Tensor.randn([40, 2, 8, 8], generator: Generator(seed: 9)) * 2.0 + 0.5
    var recovery = Recovery([.calibrate])
    recovery.heldOut = 0.1
    // What undoes it is not the matter here.
    let work = try GraphModule(TracedModule(small, example: x))
    let teacher = try GraphModule(TracedModule(big, example: x))
    let data = try RecoveryData([x], for: work, heldOut: 0.1, batch: 10)
    #expect(data.fitted(samples: .max).reduce(0) { $0 + $1[0].shape[0] } == data.counts.fit)
    let reference = try OutputReference(teacher, batches: data.heldOut)
    var entry = RecoveryReport.Step(
      name: "calibrate", before: try reference.distance(of: work), after: try reference.distance(of: work),
      isKept: true, seconds: 0, layers: [], skipped: [])
    try RecoveryWork(
      small: work, teacher: teacher, data: data, reference: reference, kept: KeptChannels(), settings: recovery
    ).calibrate(&entry)
    let learned = data.fit.flatMap { $0 }
    let came = noGrad { small.stem(x.indexSelect(0, Tensor(learned.map(Int64.init)))).to(.float64) }
    #expect(difference(small.norm["running_mean"].to(.float64), came.mean([0, 2, 3])) < 1e-6)
    #expect(difference(small.norm["running_var"].to(.float64), came.variance([0, 2, 3])) < 1e-5)
    #expect(!small.norm2["running_mean"].equal(big.norm2["running_mean"]))
  }

  /// How many models are drawn: `BONSAI_RECOVERY_MODELS`, or 10.
  static let models = ProcessInfo.processInfo.environment["BONSAI_RECOVERY_MODELS"].flatMap(UInt64.init) ?? 10

  /// Models and data at random, degenerate ones among them: never further away than before.
  @Test(arguments: 0..<models) func itIsNeverWorse(_ seed: UInt64) throws {
    func fresh() -> Block {
      Block(width: 3 + Int(seed * 7 % 6), inner: 2 + Int(seed * 5 % 9), hasBias: seed % 2 == 1)
    }
    let big = Self.block(seed: seed, fresh)
    let small = try big.copy(into: fresh())
    let generator = Generator(seed: seed)
    for layer in [small.conv1, small.conv2, small.stem] {
      let mask = Tensor.rand(layer.weight.shape, generator: generator) .> Double(seed % 5) / 5
      noGrad { _ = layer.weight.multiplyInPlace(mask.to(.float32)) }
    }
    if seed % 3 == 1 { noGrad { _ = small.conv1.weight.zero() } }
    if seed % 3 == 2 { noGrad { _ = small.norm2["weight"].zero() } }
    var x = Tensor.randn([[3, 24, 8, 2, 16][Int(seed) % 5], 2, 6, 6], generator: generator)
    if seed % 4 == 3 { x = x.zerosLike() + 0.7 }
    let before = noGrad { (small(x), big(x)) }
    // Zeros in some, fewer channels in others.
    var kept: KeptChannels?
    if seed % 5 == 0, seed % 3 == 0 {
      let recipe = CompactionRecipe(RandomUnits(seed: seed), target: .amount(0.4))
      kept = try small.compact(recipe, example: x.narrow(0, start: 0, length: 2)).kept
    }
    var training = DistillationTraining(epochs: 1)
    training.batch = 8
    training.learningRate = [1e-3, 0.1][Int(seed) % 2]
    let report = try Recovery([.calibrate, .bias, .leastSquares, .distill(training)])
      .run(small, teacher: big, inputs: x, kept: kept)
    #expect(report.after.relativeError <= report.before.relativeError)
    #expect(report.steps.allSatisfy { !$0.isKept || $0.after.relativeError <= $0.before.relativeError })
    #expect(noGrad { small(x) }.isFinite().all().item() != 0)
    #expect(difference(noGrad { big(x) }, before.1) == 0)
    // What the report says is what the model does.
    let data = try RecoveryData(
      [x], for: GraphModule(TracedModule(small.eval(), example: x.narrow(0, start: 0, length: 2))))
    let teacher = try GraphModule(TracedModule(big, example: x.narrow(0, start: 0, length: 2)))
    let twin = try GraphModule(TracedModule(small, example: x.narrow(0, start: 0, length: 2)))
    let found = try OutputReference(teacher, batches: data.heldOut).distance(of: twin)
    #expect(abs(found.relativeError - report.after.relativeError) <= 1e-6 * (1 + report.after.relativeError))
  }

  @Test func dataThatCannotBeUsedIsRefusedAndNothingChanges() throws {
    let big = Self.block(seed: 5)
    let small = try Self.twin(big)
    noGrad { _ = small.conv2.weight.narrow(0, start: 0, length: 3).zero() }
    let before = small.stateDict.mapValues { $0.clone() }
    let x = Tensor.randn([16, 2, 6, 6], generator: Generator(seed: 1))
    let broken = x.clone()
    noGrad { _ = broken.select(0, 3).select(0, 0).select(0, 0).fill(Double.nan) }
    #expect {
      try Recovery().run(small, teacher: big, inputs: broken)
    } throws: { "\($0)".contains("6 NaN or infinite of 1152") && "\($0)".contains("remove the samples") }
    #expect {
      try Recovery().run(small, teacher: big, inputs: x.narrow(0, start: 0, length: 1))
    } throws: { "\($0)".contains("found 1 sample") }
    #expect {
      try Recovery().run(small, teacher: big, inputs: x, labels: Tensor.zeros([4], dtype: .int64))
    } throws: { "\($0)".contains("16 samples in 'labels'") }
    for (name, tensor) in small.stateDict { #expect(difference(tensor, try #require(before[name])) == 0, "\(name)") }
  }

  @Test func labelsGiveTheAccuracyAndStoppingKeepsTheBest() throws {
    let big = Self.block(seed: 6)
    let small = try Self.twin(big)
    noGrad { _ = small.conv1.weight.narrow(0, start: 0, length: 5).zero() }
    let x = Tensor.randn([80, 2, 6, 6], generator: Generator(seed: 2))
    let labels = noGrad { big(x).argmax(1) }
    var recovery = Recovery([.leastSquares, .bias])
    var calls = 0
    recovery.shouldStop = {
      calls += 1
      return calls > 3
    }
    let report = try recovery.run(small, teacher: big, inputs: x, labels: labels)
    #expect(report.isStopped && report.steps.count == 1)
    #expect(report.originalAccuracy == 1)
    #expect(report.after.accuracy == report.after.agreement)
    #expect(report.after.relativeError <= report.before.relativeError)
  }
}
