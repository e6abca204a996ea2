import NN
import Testing
import Torch

private struct RecordedRun: Decodable, Sendable {
  let losses: [Double]
  let norms: [String: Double]
}

/// The optimisers of Recorded/record.py.
private let optimizers: [String: @Sendable (LeNet) -> any Optimizer] = [
  "sgd": { SGD($0.parameters, learningRate: 0.1) },
  "sgd momentum": {
    SGD($0.parameters, learningRate: 0.05, momentum: 0.9, dampening: 0.1, weightDecay: 1e-2)
  },
  "sgd nesterov": { SGD($0.parameters, learningRate: 0.05, momentum: 0.9, weightDecay: 1e-2, nesterov: true) },
  "sgd maximize": { SGD($0.parameters, learningRate: 0.01, momentum: 0.5, maximize: true) },
  "adam": { Adam($0.parameters, learningRate: 1e-3) },
  "adam decay": { Adam($0.parameters, epsilon: 1e-6, weightDecay: 0.1) },
  "adam amsgrad": { Adam($0.parameters, learningRate: 1e-3, betas: (0.8, 0.7), amsgrad: true, maximize: true) },
  "adamw": { AdamW($0.parameters, learningRate: 1e-2) },
  "adamw amsgrad": { AdamW($0.parameters, learningRate: 1e-2, weightDecay: 0.3, amsgrad: true) },
  "adam groups": {
    Adam(groups: [
      ParameterGroup(
        $0.conv1.parameters + $0.conv2.parameters, Adam.Options(learningRate: 1e-2, weightDecay: 0.1)),
      ParameterGroup(
        $0.fc1.parameters + $0.fc2.parameters + $0.fc3.parameters, Adam.Options(betas: (0.5, 0.9))),
    ])
  },
]

private func halveRates(_ optimizer: any Optimizer) {
  switch optimizer {
  case let adam as Adam: for i in adam.groups.indices { adam.groups[i].options.learningRate *= 0.5 }
  default: optimizer.learningRate *= 0.5
  }
}

extension NNTests {
  @Suite struct OptimizerTests {
    let x = Tensor.rand([20, 16, 1, 32, 32], generator: Generator(seed: 1))
    let y = Tensor.randint(0..<10, [20, 16], generator: Generator(seed: 2))

    private func train(_ net: LeNet, _ optimizer: any Optimizer, _ steps: Range<Int>) -> [Double] {
      steps.map { i in
        if i == 10 { halveRates(optimizer) }
        optimizer.zeroGrad()
        let loss = crossEntropy(net(x[i]), y[i])
        loss.backward()
        optimizer.step()
        return loss.item()
      }
    }

    /// Losses, weights and state of 20 steps were equal bit for bit where they were recorded. Processors differ, and
    /// steps multiply the difference, so that losses must agree within 1e-4 and what is left after them within 1e-3.
    @Test(arguments: optimizers.keys.sorted()) func stepsAsPyTorch(_ name: String) throws {
      let runs = try Recorded.json("optim.json", as: [String: RecordedRun].self)
      #expect(runs.keys.sorted() == optimizers.keys.sorted())
      let run = try #require(runs[name])
      let tensors = try StateDict(contentsOf: Recorded.path("optim.safetensors"))
      threadCount = 1
      manualSeed(0)
      let net = LeNet()
      let make = try #require(optimizers[name])
      let optimizer = make(net)
      var worst = 0.0
      for (found, wanted) in zip(train(net, optimizer, 0..<20), run.losses) { worst = max(worst, abs(found - wanted)) }
      #expect(worst < 1e-4)
      for (parameter, tensor) in net.namedParameters {
        let norm = tensor.to(.float64).vectorNorm().item()
        #expect(abs(norm - run.norms[parameter, default: .nan]) < 1e-3, "\(parameter)")
      }
      let state = optimizer.stateDict
      for (key, wanted) in tensors where key.hasPrefix(name + "/") {
        let part = String(key.dropFirst(name.count + 1))
        let entry = part.hasPrefix("state.") ? state[part] : net.stateDict[part]
        let found = try #require(entry, "\(part)")
        #expect(difference(found, wanted) < 1e-3, "\(part)")
      }
    }

    @Test func fusedAdamAgrees() {
      for decoupled in [false, true] {
        func trained(fused: Bool) -> StateDict {
          manualSeed(0)
          let net = LeNet()
          let optimizer =
            decoupled
            ? AdamW(net.parameters, amsgrad: true, fused: fused) : Adam(net.parameters, weightDecay: 0.1, fused: fused)
          _ = train(net, optimizer, 0..<5)
          return net.stateDict
        }
        let plain = trained(fused: false)
        for (name, tensor) in trained(fused: true) {
          #expect(difference(plain[name] ?? Tensor([0]), tensor) < 1e-5, "\(name)")
        }
      }
    }

    @Test(arguments: ["sgd momentum", "adam amsgrad", "adamw"]) func resumesFromItsState(_ name: String) throws {
      let make = try #require(optimizers[name])
      let (net, twin) = (LeNet(), LeNet())
      let optimizer = make(net)
      _ = train(net, optimizer, 0..<3)
      try twin.loadStateDict(net.stateDict)
      let resumed = make(twin)
      try resumed.loadStateDict(optimizer.stateDict.mapValues { $0.clone() })
      #expect(train(net, optimizer, 3..<6) == train(twin, resumed, 3..<6))
      for (a, b) in zip(net.parameters, twin.parameters) { #expect(a.equal(b)) }
    }

    @Test func refusesAStateThatDoesNotFit() throws {
      let net = LeNet()
      let optimizer = Adam(net.parameters)
      _ = train(net, optimizer, 0..<1)
      let before = optimizer.stateDict.mapValues { $0.clone() }
      var state = before
      state["state.0.exp_avg"] = Tensor.zeros([2])
      state["state.1.exp_avg_sq"] = nil
      state["state.10.step"] = Tensor(Float(1))
      let error = #expect(throws: ModuleError.self) { try optimizer.loadStateDict(state) }
      #expect(
        "\(try #require(error))"
          == "the state dict does not fit Adam, and nothing was loaded: missing state.1.exp_avg_sq; "
          + "unexpected state.10.step; wrong state.0.exp_avg: shape [6, 1, 5, 5] expected, found [2];")
      for (name, tensor) in optimizer.stateDict { #expect(tensor.equal(try #require(before[name]))) }
    }

    @Test(arguments: ["sgd momentum", "adam", "adamw"]) func leavesParametersWithoutGradient(_ name: String) throws {
      let net = LeNet()
      let make = try #require(optimizers[name])
      let optimizer = make(net)
      net.fc2.freeze()
      let before = net.stateDict.mapValues { $0.clone() }
      _ = train(net, optimizer, 0..<2)
      for (name, tensor) in net.stateDict {
        #expect(tensor.equal(try #require(before[name])) == name.hasPrefix("fc2"), "\(name)")
      }
      #expect(!optimizer.stateDict.keys.contains { $0.hasPrefix("state.6.") || $0.hasPrefix("state.7.") })
    }

    @Test func hooksRunAfterEachStep() {
      let net = LeNet()
      let optimizer = SGD(net.parameters, learningRate: 0.1)
      let mask = Tensor.zeros([84]).where(Tensor.arange(to: 84) .< 40, else: Tensor.ones([84]))
      optimizer.stepHooks.add(after: { net.fc3.weight.multiplyInPlace(mask) })
      _ = train(net, optimizer, 0..<2)
      #expect(net.fc3.weight.narrow(1, start: 0, length: 40).countNonzero() == 0)
      #expect(net.fc3.weight.narrow(1, start: 40, length: 44).countNonzero() == 440)
    }

    @Test func keepsHoldOfConvertedParameters() {
      let net = LeNet()
      let optimizer = SGD(net.parameters, learningRate: 0.1)
      net.to(.float64)
      let before = net.fc3.weight.clone()
      optimizer.zeroGrad()
      crossEntropy(net(x[0].to(.float64)), y[0]).backward()
      optimizer.step()
      #expect(net.fc3.weight.dtype == .float64)
      #expect(!net.fc3.weight.equal(before))
    }

    @Test func learningRateIsThatOfAllGroups() {
      let net = LeNet()
      let optimizer = Adam(groups: [
        ParameterGroup(net.conv1.parameters, Adam.Options(learningRate: 0.5)),
        ParameterGroup(net.fc3.parameters, Adam.Options(learningRate: 0.25)),
      ])
      #expect(optimizer.learningRate == 0.5)
      optimizer.learningRate = 0.125
      #expect(optimizer.groups.map(\.options.learningRate) == [0.125, 0.125])
      #expect(optimizer.parameters.count == 4)
      optimizer.learningRates = [0.5, 0.25]
      #expect(optimizer.learningRates == [0.5, 0.25] && optimizer.learningRate == 0.5)
      #expect(SGD(net.parameters, learningRate: 0.75).learningRates == [0.75])
    }
  }
}
