import NN
import Testing
import Torch

extension NNTests {
  @Suite struct StateDictTests {
    @Test func loadsWhatItGives() throws {
      let (a, b) = (LeNet(), LeNet())
      let parameters = b.parameters
      #expect(!a.fc1.weight.equal(b.fc1.weight))
      let difference = try b.loadStateDict(a.stateDict)
      #expect(difference == StateDictDifference(missing: [], unexpected: []))
      for (x, y) in zip(a.parameters, b.parameters) { #expect(x.equal(y)) }
      #expect(zip(parameters, b.parameters).allSatisfy { $0.isSame(as: $1) && $0.requiresGrad })
      a.fc1.weight.detach().fill(0)
      #expect(!a.fc1.weight.equal(b.fc1.weight))
    }

    @Test func convertsDTypes() throws {
      let model = LeNet()
      try model.loadStateDict(LeNet().to(.float64).stateDict)
      #expect(model.parameters.allSatisfy { $0.dtype == .float32 })
    }

    private func failing(_ model: Module, _ state: StateDict, strict: Bool = true) throws -> String {
      let before = model.stateDict.mapValues { $0.clone() }
      let error = #expect(throws: ModuleError.self) { try model.loadStateDict(state, strict: strict) }
      for (name, tensor) in model.stateDict { #expect(tensor.equal(try #require(before[name])), "\(name) changed") }
      return "\(try #require(error))"
    }

    @Test func namesMustAgree() throws {
      let model = Linear(2, 3)
      var state = Linear(2, 3).stateDict
      state["bias"] = nil
      state["gamma"] = Tensor([1.0])
      #expect(
        try failing(model, state)
          == "the state dict does not fit Linear, and nothing was loaded: missing bias; unexpected gamma;")
      let bias = model["bias"].clone()
      let difference = try model.loadStateDict(state, strict: false)
      #expect(difference == StateDictDifference(missing: ["bias"], unexpected: ["gamma"]))
      #expect(model.weight.equal(try #require(state["weight"])))
      #expect(model["bias"].equal(bias))
    }

    @Test(arguments: [true, false]) func shapesMustAgree(strict: Bool) throws {
      var state = Linear(2, 3).stateDict
      state["weight"] = Tensor.zeros([3, 1])
      #expect(
        try failing(Linear(2, 3), state, strict: strict)
          == "the state dict does not fit Linear, and nothing was loaded: "
          + "wrong weight: shape [3, 2] expected, found [3, 1];")
    }

    @Test func buffersLoad() throws {
      let model = BatchNorm1d(2)
      let state = model.stateDict.mapValues { $0.clone() }
      state["num_batches_tracked"]?.fill(7)
      state["running_mean"]?.fill(3)
      try model.loadStateDict(state)
      #expect(model["num_batches_tracked"].intItem() == 7)
      #expect(model.runningMean?.array(of: Float.self) == [3, 3])
    }
  }
}
