import NN
import OrderedCollections
import Testing
import Torch

private class Base: Module {
  let first = Linear(2, 3)
  let maybe: Linear?
  let never: Linear? = nil
  init(maybe: Linear? = Linear(3, 3, bias: false)) { self.maybe = maybe }
}

private final class Derived: Base {
  let blocks = [ReLU(), Linear(1, 1)]
  let heads = ["b": Linear(1, 2), "a": Linear(1, 1)]
  let ordered: OrderedDictionary<String, Module> = ["y": Tanh(), "x": Sigmoid()]
  let lastLayer: Module = Linear(3, 1)
  lazy var late = Dropout()
  weak var parent: Module?
  let width = 7
  let numbers: [Float] = [1, 2]

  override var childNames: [String: String] { ["lastLayer": "last_layer"] }
  override var extraDescription: String { "width=\(width)" }
}

private final class Inner: Module {
  let list = ModuleList([Linear(2, 2), Linear(2, 2), ReLU(), ReLU()])
  override var extraDescription: String { "extra=1" }
}

extension NNTests {
  @Suite struct ModuleTests {
    @Test func childrenStandInTheOrderOfDeclaration() {
      let module = Derived()
      let names = [
        "first", "maybe", "blocks.0", "blocks.1", "heads.a", "heads.b", "ordered.y", "ordered.x", "last_layer",
      ]
      #expect(Array(module.children.keys) == names)
      _ = module.late
      #expect(Array(module.children.keys) == names + ["late"])
      #expect(Array(Derived(maybe: nil).children.keys) == names.filter { $0 != "maybe" })
      #expect(Array(module.namedModules.keys) == [""] + names + ["late"])
    }

    @Test func aParentIsNoChildTwice() {
      let module = Derived()
      module.parent = module
      #expect(module.namedModules.count == 10)
      #expect(module.stateDict.count == 11)
    }

    @Test func printsAsPyTorch() throws {
      let recorded = try Recorded.json("networks.json", as: [String: String].self)
      let relus = { Sequential(ReLU(), ReLU()) }
      let networks: [String: Module] = [
        "LeNet": LeNet(), "Inner": Inner(), "list": ModuleList([relus(), relus()]), "empty": ModuleList(),
        "dict": ModuleDict(["b": Sequential(Conv2d(1, 1, kernelSize: 1)), "a": Identity()]),
        "attention": Sequential(MultiheadAttention(4, heads: 2)),
      ]
      #expect(networks.mapValues(\.description) == recorded)
    }

    @Test func namesParametersAndBuffersInPyTorchsOrder() {
      let model = Sequential(Conv2d(1, 2, kernelSize: 3), BatchNorm2d(2), Linear(2, 2, bias: false))
      #expect(
        Array(model.namedParameters.keys) == ["0.weight", "0.bias", "1.weight", "1.bias", "2.weight"])
      #expect(
        Array(model.namedBuffers.keys) == ["1.running_mean", "1.running_var", "1.num_batches_tracked"])
      #expect(
        Array(model.stateDict.keys) == [
          "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked",
          "2.weight",
        ])
      #expect(model.parameterCount == 18 + 2 + 4 + 4)
      #expect(model.stateDict.values.allSatisfy { !$0.requiresGrad })
    }

    @Test func tiedParametersCountOnceAndAreStoredUnderEachName() {
      let (a, b) = (Linear(2, 2, bias: false), Linear(2, 2))
      b.slots["weight"] = .parameter(a.weight)
      let model = Sequential(a, b, a)
      #expect(Array(model.namedParameters.keys) == ["0.weight", "1.bias"])
      #expect(model.parameters.count == 2)
      #expect(Array(model.namedModules.keys) == ["", "0", "1"])
      #expect(Array(model.stateDict.keys) == ["0.weight", "1.weight", "1.bias", "2.weight"])
    }

    @Test func tensorsByName() throws {
      let model = LeNet()
      #expect(try model.tensor("fc3.bias").isSame(as: model.fc3["bias"]))
      #expect(try model.fc3.tensor("bias").isSame(as: model.fc3["bias"]))
      #expect(model.fc3[optional: "bias_mask"] == nil)
      let error = #expect(throws: ModuleError.self) { try model.fc3.tensor("wieght") }
      #expect("\(try #require(error))" == "Linear has no tensor 'wieght'; there are: weight, bias")
      let none = #expect(throws: ModuleError.self) { try ReLU().tensor("weight") }
      #expect("\(try #require(none))" == "ReLU has no tensor 'weight'; it has none")
    }

    @Test func trainAndEvalReachEveryModule() {
      let model = Derived()
      model.eval()
      #expect(model.namedModules.values.allSatisfy { !$0.isTraining })
      model.train()
      #expect(model.namedModules.values.allSatisfy { $0.isTraining })
    }

    @Test func freezing() {
      let model = LeNet()
      model.conv1.freeze()
      crossEntropy(model(.rand([2, 1, 32, 32])), Tensor([1, 2])).backward()
      #expect(model.conv1.weight.grad == nil && model.conv1.bias?.grad == nil)
      #expect(model.conv2.weight.grad != nil)
      model.zeroGrad()
      #expect(model.parameters.allSatisfy { $0.grad == nil })
      model.freeze(false)
      #expect(model.parameters.allSatisfy { $0.requiresGrad })
    }

    @Test func conversionKeepsTheObjects() throws {
      let model = Sequential(Conv2d(1, 2, kernelSize: 3), BatchNorm2d(2))
      model(.rand([2, 1, 4, 4])).sum().backward()
      let before = model.parameters
      let grad = try #require(before[1].grad).clone()
      model.to(.float64)
      #expect(zip(before, model.parameters).allSatisfy { $0.isSame(as: $1) })
      #expect(before.allSatisfy { $0.dtype == .float64 && $0.requiresGrad && $0.isLeaf })
      #expect(difference(try #require(before[1].grad), grad.to(.float64)) == 0)
      #expect(model.namedBuffers.values.map(\.dtype) == [.float64, .float64, .int64])
      #expect(model(.rand([2, 1, 4, 4], dtype: .float64)).dtype == .float64)
      #expect(model.to(.bfloat16).namedBuffers["1.running_var"]?.dtype == .bfloat16)
    }

    @Test(.enabled(if: !Device.cuda.isAvailable)) func anAbsentDeviceMovesNothing() throws {
      let model = LeNet()
      let error = #expect(throws: TorchError.self) { try model.to(.cuda) }
      #expect("\(try #require(error))".hasPrefix("device 'cuda:0' is not available; choose one of: cpu"))
      #expect(model.parameters.allSatisfy { $0.device == .cpu })
      #expect(try model.to(.cpu).parameters.count == 10)
    }

    @Test func recurrentLayersStandInASequence() {
      let model = Sequential(LSTM(3, 4, batchFirst: true), GRU(4, 2, batchFirst: true), Linear(2, 1))
      #expect(model(.rand([5, 7, 3])).shape == [5, 7, 1])
      #expect(Sequential(MultiheadAttention(4, heads: 2), Tanh())(.rand([3, 2, 4])).shape == [3, 2, 4])
    }

    @Test func transposedConvolutionsReachAnOutputSize() {
      let layer = ConvTranspose2d(2, 3, kernelSize: 3, stride: 2, padding: 1)
      let x = Tensor.rand([1, 2, 4, 5])
      #expect(layer(x).shape == [1, 3, 7, 9])
      #expect(layer(x, outputSize: [8, 9]).shape == [1, 3, 8, 9])
      #expect(layer(x, outputSize: [1, 3, 7, 10]).shape == [1, 3, 7, 10])
    }
  }
}
