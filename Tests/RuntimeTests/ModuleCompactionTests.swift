import Compaction
import ExampleModels
import NN
import Pruning
import Recipes
import Testing
import Torch

@testable import Runtime

/// Swift modules made smaller where they stand.
@Suite(.serialized) struct ModuleCompactionTests {
  static let half = CompactionRecipe(target: .amount(.fraction(0.5)))

  private static func step(_ net: Module, _ optimizer: any Optimizer, _ x: Tensor, _ y: Tensor) {
    optimizer.zeroGrad()
    crossEntropy(net(x), y).backward()
    optimizer.step()
  }

  /// Units that feed nothing and are fed by nothing: the larger network goes on exactly as the one without them.
  @Test func lenetTrainsOnWithHalfItsChannels() throws {
    manualSeed(0)
    threadCount = 1
    let net = LeNet()
    noGrad {
      for (layer, next, count, width) in [
        (net.conv1, net.conv2, 3, 1), (net.conv2, net.fc1, 8, 25), (net.fc1, net.fc2, 60, 1), (net.fc2, net.fc3, 42, 1),
      ] as [(Module, Module, Int, Int)] {
        for name in ["weight", "bias"] { layer[name].narrow(0, start: 0, length: count).zero() }
        next["weight"].narrow(1, start: 0, length: count * width).zero()
      }
    }
    let twin = try net.copy(into: LeNet())
    let (small, large) = (Adam(net.parameters), Adam(twin.parameters))
    let generator = Generator(seed: 1)
    let x = Tensor.randn([6, 1, 28, 28], generator: generator)
    let y = Tensor.randint(0..<10, [6], generator: generator)
    for (net, optimizer) in [(net, small), (twin, large)] { Self.step(net, optimizer, x, y) }
    let parameters = net.parameters
    let report = try net.compact(Self.half, example: x, optimizer: small)
    #expect(net.isTraining && net.conv1.isTraining)
    #expect(
      report.groups.map { "\($0.name) \($0.channels.before) \($0.channels.after)" }
        == ["conv1 6 3", "conv2 16 8", "fc1 120 60", "fc2 84 42"])
    #expect(report.parameters == .init(before: 61706, after: 15738) && net.parameterCount == 15738)
    #expect(report.macs.before == 416_520 && report.macs.after < 150_000)
    #expect(report.difference < 1e-5 && report.doubleDifference < 1e-12)
    #expect(report.leftWhole.map(\.path) == ["fc3.weight"] && report.unseen.isEmpty)
    for (a, b) in zip(net.parameters, parameters) { #expect(a.isSame(as: b)) }
    #expect(net.fc1.inFeatures == 200 && net.fc1.weight.grad?.shape == [60, 200])
    for _ in 0..<4 {
      let (a, b) = (net(x), twin(x))
      #expect(b.requiresGrad && a.allClose(b, relative: 1e-4, absolute: 1e-5))
      for (net, optimizer) in [(net, small), (twin, large)] { Self.step(net, optimizer, x, y) }
    }
    let places = Tensor(Array(3..<6))
    #expect(net.conv1.weight.allClose(twin.conv1.weight.indexSelect(0, places), relative: 1e-4, absolute: 1e-6))
    #expect(small.stateDict.values.allSatisfy { !$0.shape.contains(400) })
  }

  @Test func residualStagesLoseTheSame() throws {
    manualSeed(0)
    threadCount = 1
    let net = SmallResNet()
    let x = Tensor.randn([4, 1, 16, 16])
    _ = net(x)  // running statistics
    for case let norm as BatchNorm2d in net.namedModules.values {
      noGrad {
        norm["weight"].copy(from: Tensor.rand([norm.featureCount]) + 0.5)
        norm["bias"].copy(from: Tensor.randn([norm.featureCount]))
      }
    }
    let report = try net.compact(CompactionRecipe(target: .remaining(.macs, .fraction(0.5))), example: x)
    #expect(abs(Double(report.macs.after) / Double(report.macs.before) - 0.5) < 0.05)
    #expect(report.parameters.before == 77754 && report.parameters.after == net.parameterCount)
    #expect(report.parameters.after < 45000)
    #expect(report.difference < 1e-5 && report.doubleDifference < 1e-12)
    let kept = Dictionary(uniqueKeysWithValues: report.groups.map { ($0.name, $0.channels.after) })
    let stem = try #require(kept["stem"])
    let weight = try net.tensor("stem.weight")
    #expect(stem < 16 && weight.shape[0] == stem)
  }

  @Test func resnet18LosesHalfItsChannels() throws {
    manualSeed(0)
    threadCount = 1
    let net = ResNet()
    let recipe = CompactionRecipe(RandomUnits(seed: 1), target: .amount(.fraction(0.5)), roundTo: 8)
    let report = try net.compact(recipe, example: .randn([2, 3, 64, 64]))
    #expect(report.parameters == .init(before: 11_689_512, after: 3_055_880))
    #expect(report.difference < 1e-5 && report.doubleDifference < 1e-12)
  }

  @Test func sizesBesideTensorsFollow() throws {
    manualSeed(0)
    threadCount = 1
    let net = Grouped().eval()
    let report = try net.compact(Self.half, example: .randn([3, 3, 9, 9]))
    #expect(report.difference < 1e-5 && report.doubleDifference < 1e-12)
    #expect(net.norm.groups == 2 && net.norm.channels == 6 && net.depthwise.groups == 6)
    #expect(net.grouped.groups == 2 && net.grouped.inChannels == 6 && net.batch.featureCount == 6)
    #expect(!net.isTraining)
  }

  @Test func attentionLosesHeads() throws {
    manualSeed(0)
    threadCount = 1
    let net = TextClassifier(tokens: 20, classes: 3, length: 8, width: 16, heads: 4, layers: 1)
    let ids = Tensor.randint(0..<20, [3, 8])
    let report = try net.compact(Self.half, example: ids)
    #expect(report.difference < 1e-5 && report.doubleDifference < 1e-12)
    let attentions = net.namedModules.values.compactMap { $0 as? MultiheadAttention }
    #expect(attentions.map(\.heads) == [2] && attentions.map(\.projectedWidth) == [8] && attentions[0].width == 16)
    #expect(report.leftWhole.contains { $0.path == "embedding.weight" && $0.reason.text.contains("normalises") })
  }

  @Test(arguments: [DType.float64, .bfloat16]) func otherTypesAndFormats(_ type: DType) throws {
    manualSeed(0)
    threadCount = 1
    let net = LeNet().to(type).to(.channelsLast)
    let optimizer = Adam([net.conv2.weight])
    let x = Tensor.randn([3, 1, 28, 28]).to(type)
    Self.step(net, optimizer, x, Tensor([1, 2, 3]))
    let report = try net.compact(Self.half, example: x, optimizer: optimizer, dynamic: [])
    #expect(report.doubleDifference < 1e-12 && report.difference <= (type == .float64 ? 1e-12 : 2e-2))
    for weight in [net.conv2.weight, net.conv2.weight.grad!, optimizer.stateDict["state.0.exp_avg"]!] {
      #expect(weight.shape == [8, 3, 5, 5] && weight.dtype == type)
      #expect(weight.isContiguous(.channelsLast) && !weight.isContiguous)
    }
  }

  @Test func severalInputsAndOutputs() throws {
    manualSeed(0)
    threadCount = 1
    let attention = MultiheadAttention(8, heads: 4, batchFirst: true)
    let (q, k) = (Tensor.randn([3, 4, 8]), Tensor.randn([3, 5, 8]))
    let report = try attention.compact(Self.half, inputs: ["query": q, "key": k]) { inputs in
      [attention(inputs[0], inputs[1], inputs[1], needWeights: false).output, inputs[0] * 2]
    }
    #expect(attention.heads == 2 && attention.outProj.inFeatures == 4 && attention.outProj.outFeatures == 8)
    #expect(report.difference < 1e-5 && report.doubleDifference < 1e-12)
  }

  @Test func tiedWeightsStayOne() throws {
    manualSeed(0)
    threadCount = 1
    let net = Tied()
    let optimizer = SGD(net.parameters, learningRate: 0.1, momentum: 0.9)
    let x = Tensor.randn([5, 4])
    Self.step(net, optimizer, x, Tensor([0, 1, 0, 1, 1]))
    let report = try net.compact(Self.half, example: x, optimizer: optimizer)
    #expect(net.second.weight.isSame(as: net.third.weight) && net.second.weight.shape == [3, 3])
    #expect(report.doubleDifference < 1e-12)
    #expect(optimizer.stateDict.values.map(\.shape) == net.parameters.map(\.shape))
    Self.step(net, optimizer, x, Tensor([0, 1, 0, 1, 1]))
  }

  @Test func recurrentLayersLoseHiddenUnits() throws {
    manualSeed(0)
    threadCount = 1
    let net = Tagger(tokens: 20, tags: 4, width: 6, hidden: 8)
    let report = try net.compact(Self.half, example: Tensor.randint(0..<20, [3, 7]))
    #expect(report.difference < 1e-5 && report.doubleDifference < 1e-12)
    let layer = try #require(net.namedModules.values.compactMap { $0 as? LSTM }.first)
    #expect(layer.hiddenSize == 4 && layer.inputSize == 3)
  }

  @Test func invertedResidualBlocks() throws {
    manualSeed(0)
    threadCount = 1
    let net = Sequential(
      Conv2d(3, 8, kernelSize: 3), Inverted(8, expansion: 3), BatchNorm2d(8), Inverted(8, expansion: 2))
    let report = try net.compact(
      CompactionRecipe(RandomUnits(seed: 1), target: .amount(.fraction(0.5))), example: .randn([2, 3, 9, 9]))
    #expect(report.difference < 1e-5 && report.doubleDifference < 1e-12)
    let blocks = net.namedModules.values.compactMap { $0 as? Inverted }
    #expect(blocks.map(\.depthwise.groups) == [12, 8] && blocks.map(\.depthwise.inChannels) == [12, 8])
    // The last sum is the output, and the sums before it are the same channels.
    #expect(blocks.map(\.narrow.outChannels) == [8, 8])
    #expect(report.leftWhole.contains { $0.path == "0.weight" && $0.reason.text == "it is an output of the model" })
  }

  @Test func whatCannotFollowIsNamedAndAllIsAsItWas() throws {
    manualSeed(0)
    threadCount = 1
    let net = Fixed()
    net.conv1.eval()
    let optimizer = Adam(net.parameters)
    let x = Tensor.randn([4, 1, 28, 28])
    Self.step(net, optimizer, x, Tensor([0, 1, 2, 3]))
    let before = Snapshot(net, optimizer)
    let error = #expect(throws: ModuleCompactionError.self) {
      try net.compact(Self.half, example: x, optimizer: optimizer)
    }
    guard case .problems(let problems)? = error else { return #expect(Bool(false), "\(String(describing: error))") }
    #expect(problems.map(\.operation) == ["aten::view"] && problems.map(\.module) == ["flat"])
    #expect(problems[0].text.contains("'[-1, 400]' is invalid for input of size 600"), "\(problems[0])")
    before.expectSame(net, optimizer)
    for recipe in try [
      CompactionRecipe(target: .amount(.fraction(1.5))), CompactionRecipe(target: nil),
      CompactionRecipe(target: .amount(.fraction(0.5)), selector: Selector(only: [NamePattern("nowhere")])),
    ] {
      #expect(throws: RecipeError.self) { try net.compact(recipe, example: x, optimizer: optimizer) }
      before.expectSame(net, optimizer)
    }
    // Without the layer in question the rest goes.
    let recipe = try CompactionRecipe(
      target: .amount(.fraction(0.5)), selector: Selector(excluded: [NamePattern("conv2.weight")]))
    try net.compact(recipe, example: x, optimizer: optimizer)
    #expect(net.conv1.outChannels == 3 && net.conv2.outChannels == 16 && net.conv2.inChannels == 3)
    Self.step(net, optimizer, x, Tensor([0, 1, 2, 3]))
  }

  @Test func numbersThatFollowChannelsAreFound() throws {
    manualSeed(0)
    threadCount = 1
    for (net, operation, text) in [
      (Counting(isScaled: true), "aten::mul", "'other'"),
      (Counting(isScaled: false), "aten::mean", "mul would have to"),
      (Shuffled(), "aten::index_select", "order"),
    ] as [(Module, String, String)] {
      let x = Tensor.randn([3, 1, 8, 8])
      let optimizer = SGD(net.parameters)
      let before = Snapshot(net, optimizer)
      let error = #expect(throws: ModuleCompactionError.self) {
        try net.compact(Self.half, example: x, optimizer: optimizer)
      }
      guard case .problems(let problems)? = error else { return #expect(Bool(false), "\(String(describing: error))") }
      #expect(problems.allSatisfy { $0.operation.hasPrefix(operation) && $0.text.contains(text) }, "\(problems)")
      before.expectSame(net, optimizer)
    }
  }

  @Test func masksAndGraphsAreRefusedByName() throws {
    manualSeed(0)
    threadCount = 1
    let net = LeNet()
    let x = Tensor.randn([3, 1, 28, 28])
    try Prune.l1Unstructured(net.conv2, name: "weight", amount: 0.5)
    let optimizer = SGD(net.parameters)
    let before = Snapshot(net, optimizer)
    let error = #expect(throws: ModuleCompactionError.self) { try net.compact(Self.half, example: x) }
    #expect("\(try #require(error))".contains("'conv2.weight_orig' is pruned or computed"))
    before.expectSame(net, optimizer)
    try Prune.remove(net.conv2, name: "weight")
    let normed = Sequential(Linear(4, 6), Linear(6, 2))
    try WeightNorm.apply(to: normed[0])
    #expect(throws: ModuleCompactionError.self) { try normed.compact(Self.half, example: .randn([3, 4])) }
    #expect(normed[0]["weight"].shape == [6, 4])
    let graph = try GraphModule(TracedModule(net, example: x))
    #expect(throws: ModuleCompactionError.self) { try graph.compact(Self.half, example: x) }
    #expect(net.conv2.outChannels == 16)
    try net.compact(Self.half, example: x)
    #expect(net.conv2.outChannels == 8)
  }
}
