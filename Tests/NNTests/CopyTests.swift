import NN
import Testing
import Torch

private final class Tied: Module {
  let encoder = Linear(3, 3, bias: false)
  let decoder = Linear(3, 3)
  override init() {
    super.init()
    decoder.slots["weight"] = .parameter(encoder.weight)
  }
}

extension NNTests {
  @Suite struct CopyTests {
    @Test func copiesDeeply() throws {
      let model = Sequential(Conv2d(1, 2, kernelSize: 3), BatchNorm2d(2), Dropout())
      model(.rand([2, 1, 4, 4])).sum().backward()
      model[2].eval()
      model[0].freeze()
      let key = model.addForwardPreHook { _, inputs in [inputs[0] * 2] }
      let state = Generator.default().state
      let twin = try model.copy(into: Sequential(Conv2d(1, 2, kernelSize: 3), BatchNorm2d(2), Dropout()))
      #expect(Generator.default().state.equal(state))
      for (a, b) in zip(model.stateDict.values, twin.stateDict.values) {
        #expect(a.equal(b) && !a.sharesStorage(with: b))
      }
      for (a, b) in zip(model.parameters, twin.parameters) {
        #expect(a.requiresGrad == b.requiresGrad && b.isLeaf)
        let (grad, copied) = (try #require(a.grad), try #require(b.grad))
        #expect(grad.equal(copied) && !grad.sharesStorage(with: copied))
      }
      #expect(twin.namedModules.values.map(\.isTraining) == [true, true, true, false])
      #expect(Array(twin.forwardPreHooks.keys) == [key])
      model.eval()
      twin.eval()
      let x = Tensor.rand([2, 1, 4, 4])
      #expect(model(x).equal(twin(x)))
      twin.removeForwardPreHook(key)
      #expect(model.forwardPreHooks.count == 1 && !model(x).equal(twin(x)))
    }

    @Test func sharedParametersAreSharedInTheCopy() throws {
      let model = Tied()
      let twin = try model.copy(into: Tied())
      #expect(twin.encoder.weight.isSame(as: twin.decoder.weight))
      #expect(!twin.encoder.weight.isSame(as: model.encoder.weight))
      #expect(twin.parameters.count == 2)
    }

    @Test func architecturesMustAgree() throws {
      let error = #expect(throws: ModuleError.self) {
        try Sequential(Linear(1, 1), ReLU()).copy(into: Sequential(Linear(1, 1), Tanh()))
      }
      #expect(
        "\(try #require(error))"
          == "the modules differ: expected self: Sequential, 0: Linear, 1: ReLU, found self: Sequential, 0: Linear, 1: Tanh"
      )
    }
  }
}
