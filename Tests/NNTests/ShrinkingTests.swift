import NN
import Testing
import Torch

extension NNTests {
  /// Layers and optimisers whose parameters get smaller.
  @Suite struct ShrinkingTests {
    private static func optimizers(_ parameters: [Tensor]) -> [any Optimizer] {
      [
        SGD(parameters, learningRate: 0.1, momentum: 0.9, weightDecay: 0.01), Adam(parameters, amsgrad: true),
        AdamW(parameters, fused: true),
      ]
    }

    private func step(_ net: Module, _ optimizer: any Optimizer, _ x: Tensor, _ y: Tensor) -> Tensor {
      optimizer.zeroGrad()
      let loss = mseLoss(net(x), y)
      loss.backward()
      optimizer.step()
      return loss
    }

    /// A unit that feeds nothing and is fed by nothing moves nobody else, so that training without it is the same.
    @Test(arguments: 0..<3) func trainingGoesOnWithASmallerLayer(_ index: Int) throws {
      manualSeed(0)
      let net = Sequential(Linear(3, 4), ReLU(), Linear(4, 2))
      let twin = try net.copy(into: Sequential(Linear(3, 4), ReLU(), Linear(4, 2)))
      let (x, y) = (Tensor.randn([5, 3]), Tensor.randn([5, 2]))
      for model in [net, twin] {
        noGrad {
          model[0]["weight"][1].zero()
          model[0]["bias"][1].fill(-1)
          model[2]["weight"].select(1, 1).zero()
        }
      }
      let (small, large) = (Self.optimizers(net.parameters)[index], Self.optimizers(twin.parameters)[index])
      var losses = [step(net, small, x, y)]
      _ = step(twin, large, x, y)
      let kept = [0, 2, 3]
      let first = try #require(net[0] as? Linear)
      let last = try #require(net[2] as? Linear)
      let weight = first.weight
      try small.slice(first.weight, dim: 0, indices: kept)
      try small.slice(first.bias!, dim: -1, indices: kept)
      try small.slice(last.weight, dim: 1, indices: kept)
      #expect(first.outFeatures == 3 && last.inFeatures == 3 && first.inFeatures == 3 && last.outFeatures == 2)
      #expect("\(first)" == "Linear(in_features=3, out_features=3, bias=True)")
      #expect(first.weight.isSame(as: weight) && first.weight.grad?.shape == [3, 3])
      for _ in 0..<3 {
        // What was computed from the larger tensors is still there.
        losses.append(step(net, small, x, y))
        _ = step(twin, large, x, y)
      }
      let index = Tensor(kept)
      #expect(losses.count == 4)
      #expect(first.weight.allClose(twin[0]["weight"].indexSelect(0, index), relative: 1e-6, absolute: 1e-7))
      #expect(last.weight.allClose(twin[2]["weight"].indexSelect(1, index), relative: 1e-6, absolute: 1e-7))
      #expect(small.stateDict.values.allSatisfy { $0.shape.isEmpty || !$0.shape.contains(4) })
    }

    @Test func foreignParametersAreRefused() {
      let optimizer = SGD(Linear(2, 2).parameters)
      let other = Linear(2, 2)
      #expect(throws: ModuleError.foreignParameter(shape: [2, 2], optimizer: "SGD")) {
        try optimizer.slice(other.weight, dim: 0, indices: [0])
      }
      #expect(throws: ModuleError.foreignParameter(shape: [2, 2], optimizer: "SGD")) {
        try optimizer.stateDict(naming: other)
      }
      #expect(other.outFeatures == 2)
    }

    @Test func sizesAreThoseOfTheTensors() {
      func halve(_ module: Module, _ name: String, _ dim: Int) {
        let tensor = module[name]
        tensor.setData(tensor.detach().narrow(dim, start: 0, length: tensor.shape[dim] / 2).clone())
      }
      let conv = Conv2d(4, 6, kernelSize: 3, padding: 1)
      halve(conv, "weight", 0)
      halve(conv, "bias", 0)
      halve(conv, "weight", 1)
      #expect(conv.inChannels == 2 && conv.outChannels == 3)
      #expect(conv(.ones([1, 2, 5, 5])).shape == [1, 3, 5, 5])
      let depthwise = Conv2d(4, 4, kernelSize: 3, groups: 4)
      halve(depthwise, "weight", 0)
      halve(depthwise, "bias", 0)
      depthwise.groups = 2
      #expect(depthwise.inChannels == 2 && depthwise.outChannels == 2)
      #expect(depthwise(.ones([1, 2, 3, 3])).shape == [1, 2, 1, 1])
      let up = ConvTranspose2d(4, 6, kernelSize: 2)
      halve(up, "weight", 0)
      #expect(up.inChannels == 2 && up.outChannels == 6)
      let norm = BatchNorm2d(4)
      for name in ["weight", "bias", "running_mean", "running_var"] { halve(norm, name, 0) }
      #expect(norm.featureCount == 2 && "\(norm)".hasPrefix("BatchNorm2d(2,"))
      #expect(norm(.ones([2, 2, 1, 1])).shape == [2, 2, 1, 1])
      let layer = LayerNorm([6])
      for name in ["weight", "bias"] { halve(layer, name, 0) }
      #expect(layer.normalizedShape == [3] && layer(.ones([2, 3])).shape == [2, 3])
      let embedding = Embedding(10, 4)
      halve(embedding, "weight", 1)
      #expect(embedding.count == 10 && embedding.width == 2)
      let bilinear = Bilinear(4, 2, 3)
      halve(bilinear, "weight", 1)
      #expect(bilinear.in1Features == 2 && bilinear.in2Features == 2 && bilinear.outFeatures == 3)
      let slopes = PReLU(4)
      halve(slopes, "weight", 0)
      #expect(slopes.slopeCount == 2)
      let lstm = LSTM(4, 3, projectionSize: 2)
      halve(lstm, "weight_ih_l0", 1)
      #expect(lstm.inputSize == 2 && lstm.hiddenSize == 3 && lstm.projectionSize == 2)
      #expect(lstm(.ones([5, 1, 2])).shape == [5, 1, 2])
      #expect(BatchNorm1d(3, affine: false, trackRunningStats: false).featureCount == 3)
    }

    @Test func channelsSideBySide() throws {
      manualSeed(0)
      let net = Sequential(Conv2d(3, 4, kernelSize: 3), BatchNorm2d(4), ReLU(), Conv2d(4, 2, kernelSize: 3))
      let twin = try net.copy(
        into: Sequential(Conv2d(3, 4, kernelSize: 3), BatchNorm2d(4), ReLU(), Conv2d(4, 2, kernelSize: 3)))
      let weight = net[0]["weight"]
      net.to(.channelsLast)
      #expect(net[0]["weight"].isSame(as: weight) && weight.isContiguous(.channelsLast) && !weight.isContiguous)
      #expect(net[1]["weight"].isContiguous && weight.equal(twin[0]["weight"]))
      let x = Tensor.randn([2, 3, 8, 8])
      for model in [net, twin] { model(x).square().sum().backward() }
      #expect(net(x).allClose(twin(x), relative: 1e-4, absolute: 1e-5))
      #expect(weight.grad!.allClose(twin[0]["weight"].grad!, relative: 1e-4, absolute: 1e-4))
      net.to(.contiguous)
      #expect(weight.isContiguous && weight.equal(twin[0]["weight"]))
    }

    /// Heads whose part of the last layer is 0 add nothing, so that attention without them is the same.
    @Test func attentionLosesHeads() throws {
      manualSeed(0)
      let attention = MultiheadAttention(8, heads: 4, batchFirst: true)
      noGrad { _ = attention.outProj.weight.narrow(1, start: 4, length: 4).zero() }
      let x = Tensor.randn([2, 3, 8])
      let (expected, _) = attention(x, x, x)
      let other = Tensor.randn([2, 5, 8])
      let (crossed, _) = attention(x, other, other, needWeights: false)
      let rows = Tensor((0..<3).flatMap { part in (0..<4).map { part * 8 + $0 } })
      for name in ["in_proj_weight", "in_proj_bias"] {
        attention[name].setData(attention[name].detach().indexSelect(0, rows))
      }
      let last = attention.outProj.weight
      last.setData(last.detach().narrow(1, start: 0, length: 4).clone())
      attention.heads = 2
      #expect(attention.width == 8 && attention.projectedWidth == 4)
      #expect(attention(x, x, x).output.allClose(expected, relative: 1e-5, absolute: 1e-6))
      #expect(attention(x, other, other, needWeights: false).output.allClose(crossed, relative: 1e-5, absolute: 1e-6))
    }

    @Test func stateIsFoundByTheParameterAndLoadsByName() throws {
      manualSeed(0)
      let net = Sequential(Linear(3, 4), ReLU(), Linear(4, 2))
      let (x, y) = (Tensor.randn([5, 3]), Tensor.randn([5, 2]))
      let optimizer = Adam(net.parameters)
      for _ in 0..<2 { _ = step(net, optimizer, x, y) }
      let state = try optimizer.stateDict(naming: net).mapValues { $0.clone() }
      #expect(Array(state.keys.prefix(3)) == ["0.weight.step", "0.weight.exp_avg", "0.weight.exp_avg_sq"])
      // Another order of the parameters.
      let twin = try net.copy(into: Sequential(Linear(3, 4), ReLU(), Linear(4, 2)))
      let other = Adam(twin.parameters.reversed())
      try other.loadStateDict(state, naming: twin)
      for _ in 0..<2 {
        _ = step(net, optimizer, x, y)
        _ = step(twin, other, x, y)
      }
      for (a, b) in zip(net.parameters, twin.parameters) { #expect(a.equal(b)) }
      var wrong = state
      wrong["state.0.exp_avg"] = state["0.weight.exp_avg"]
      wrong["2.bias.exp_avg"] = nil
      let error = #expect(throws: ModuleError.self) { try other.loadStateDict(wrong, naming: twin) }
      #expect(
        "\(try #require(error))"
          == "the state dict does not fit Adam, and nothing was loaded: missing 2.bias.exp_avg; "
          + "unexpected state.0.exp_avg;")
      // What is kept of a parameter that is exchanged does not pass to the next one.
      weak var last: Tensor?
      let sgd = SGD([Tensor.ones([1000]).requiringGrad()], learningRate: 1, momentum: 0.5)
      for value in 1...50 {
        let parameter = Tensor.ones([1000]).requiringGrad()
        last = parameter
        sgd.groups[0].parameters = [parameter]
        (parameter * Double(value)).sum().backward()
        sgd.step()
        #expect(parameter[0].item() == Double(1 - value))
      }
      sgd.groups[0].parameters = []
      #expect(last != nil, "the state keeps its parameter alive")
    }
  }
}
