import Foundation
import Graphs
import NN
import Pruning
import Testing
import Torch

@testable import Runtime

/// Graphs run here against what Python computed.
@Suite(.serialized, .enabled(if: hasTorch, "needs a python3 with torch and safetensors")) struct GraphModuleTests {
  static let names = [
    "convolutions", "lenet", "lstm", "gru", "bilstm", "encoder", "attention", "rotary", "conv1d", "conv3d", "unet",
    "tied", "dictionary", "kinds", "inplace", "precision",
  ]

  @Test(arguments: names) func outputsAreThoseOfPython(_ name: String) throws {
    let model = try Exported.model(name)
    #expect(!model.isTraining)
    for batch in [1, 2, 7] where !(name == "kinds" && batch == 1) {
      let recorded = try StateDict(contentsOf: Exported.path("\(name).\(batch).safetensors"))
      let outputs = try noGrad { try model.run(Exported.tensors(recorded, "x")) }
      let expected = Exported.tensors(recorded, "y")
      #expect(outputs.count == expected.count)
      for (output, wanted) in zip(outputs, expected) { #expect(difference(output, wanted) == 0, "batch \(batch)") }
    }
  }

  @Test(arguments: names) func gradientsAreThoseOfPython(_ name: String) throws {
    let model = try Exported.model(name)
    let recorded = try StateDict(contentsOf: Exported.path("\(name).2.safetensors"))
    let gradients = recorded.filter { $0.key.hasPrefix("g.") }
    guard !gradients.isEmpty else { return }
    let outputs = try model.run(Exported.tensors(recorded, "x"))
    let losses = outputs.filter(\.requiresGrad).map { y in (y.to(.float32) * y.to(.float32)).mean() }
    let loss = losses.dropFirst().reduce(losses[0], +)
    loss.backward()
    for (name, wanted) in gradients {
      let gradient = try #require(try model.tensor(String(name.dropFirst(2))).grad)
      #expect(difference(gradient, wanted) == 0, "\(name)")
    }
  }

  /// Files of other versions of torch compute what layers of the same weights do.
  @Test(arguments: ["torch-2.9", "torch-2.15"]) func filesOfOtherVersionsRun(_ name: String) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("GraphsTests/Fixtures/\(name).pt2")
    let model = try GraphModule(contentsOf: file.path)
    let (conv, norm, fc) = (Conv2d(2, 4, kernelSize: 3, padding: 1), BatchNorm2d(4), Linear(4, 3))
    let layers = ModuleDict(["conv": conv, "norm": norm, "fc": fc])
    try layers.loadStateDict(model.stateDict)
    layers.eval()
    let x = Tensor.randn([3, 2, 5, 5])
    let outputs = try noGrad { try model.run(["x": x]) }
    let y = noGrad { relu(norm(conv(x))) }
    #expect(try #require(outputs["shape"]).equal(y.flatten(1)))
    #expect(try #require(outputs["scores"]).equal(noGrad { fc(y.mean([2, 3])) }))
  }

  @Test func namesAreThoseOfTheModel() throws {
    let model = try Exported.model("dictionary")
    #expect(model.inputNames == ["image", "scale"])
    #expect(model.outputNames == ["logits", "extra.0", "extra.1"])
    #expect(Array(model.stateDict.keys) == ["a.weight", "a.bias", "b.weight", "b.bias"])
    let recorded = try StateDict(contentsOf: Exported.path("dictionary.2.safetensors"))
    let inputs = Exported.tensors(recorded, "x")
    let named = try model.run(["image": inputs[0], "scale": inputs[1], "more": inputs[0]])
    #expect(Array(named.keys) == model.outputNames)
    #expect(throws: GraphRunError.self) { try model.run(["image": inputs[0]]) }
  }

  @Test func tiedWeightsAreOneParameter() throws {
    let model = try Exported.model("tied")
    #expect(model.namedParameters.count == 1)
    #expect(try model.tensor("head.weight").isSame(as: model.tensor("embedding.weight")))
  }

  @Test func inputsThatDoNotFitAreRefused() throws {
    let model = try Exported.model("lenet")
    for wrong in [
      Tensor.zeros([2, 1, 28, 27]), .zeros([65, 1, 28, 28]), .zeros([1, 28, 28]),
      .zeros([1, 1, 28, 28], dtype: .float64),
    ] {
      #expect(throws: GraphRunError.self) { try model.run([wrong]) }
    }
    #expect(throws: GraphRunError.self) { try model.run([]) }
    // As before.
    #expect(model(Tensor.zeros([1, 1, 28, 28])).shape == [1, 10])
  }

  @Test func modesSwitchDropoutAndNorms() throws {
    let model = try Exported.model("convolutions")
    let recorded = try StateDict(contentsOf: Exported.path("convolutions.7.safetensors"))
    let x = Exported.tensors(recorded, "x")[0]
    let before = try model.tensor("bn1.running_mean").clone()
    model.train()
    let (a, b) = (model(x), model(x))
    #expect(difference(a, b) > 0)
    #expect(difference(before, try model.tensor("bn1.running_mean")) > 0)
    #expect(try model.tensor("bn1.num_batches_tracked").array(of: Int64.self) == [2])
    model.eval()
    let mean = try model.tensor("bn1.running_mean").clone()
    #expect(difference(model(x), model(x)) == 0)
    #expect(difference(mean, try model.tensor("bn1.running_mean")) == 0)
    #expect(try model.tensor("bn1.num_batches_tracked").array(of: Int64.self) == [2])
  }

  @Test func pruningTakesPart() throws {
    let model = try Exported.model("lenet")
    let x = Tensor.randn([2, 1, 28, 28])
    let dense = model(x)
    let layer = try model.module(at: "fc1")
    try Prune.l1Unstructured(layer, name: "weight", amount: 0.5)
    let masked = model(x)
    #expect(difference(dense, masked) > 0)
    masked.sum().backward()
    let gradient = try #require(try model.tensor("fc1.weight_orig").grad)
    let mask = try model.tensor("fc1.weight_mask")
    #expect(difference(gradient * mask, gradient) == 0)
    try Prune.remove(layer, name: "weight")
    #expect(difference(model(x), masked) == 0)
    #expect(model.parameterCount == 61706)
  }

  @Test func aFailingRunLeavesNothing() throws {
    let model = try Exported.model("lenet")
    let layer = try model.module(at: "fc3")
    let bias = layer["bias"]
    layer.slots["bias"] = .parameter(.zeros([3]))
    #expect(throws: GraphRunError.self) { try model.run([.zeros([1, 1, 28, 28])]) }
    layer.slots["bias"] = .parameter(bias)
    #expect(try model.run([.zeros([1, 1, 28, 28])])[0].shape == [1, 10])
  }

  @Test func optimisersTrainIt() throws {
    let model = try Exported.model("lenet").train()
    let optimizer = SGD(model.parameters, learningRate: 0.1)
    let x = Tensor.randn([16, 1, 28, 28])
    let target = Tensor((0..<16).map { Int64($0 % 10) })
    var losses: [Double] = []
    for _ in 0..<20 {
      optimizer.zeroGrad()
      let loss = crossEntropy(model(x), target)
      loss.backward()
      optimizer.step()
      losses.append(loss.array(of: Double.self)[0])
    }
    #expect(losses[19] < losses[0] * 0.98)
  }
}
