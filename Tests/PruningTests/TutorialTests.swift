import Checkpoints
import Foundation
import NN
import Pruning
import Testing
import Torch

/// What the tutorial's script gave in PyTorch, step by step (`Recorded/record_tutorial.py`).
private struct Recording {
  let steps: [String: [String: Any]]
  let file: SafetensorsFile

  init() throws {
    func url(_ name: String) -> URL {
      Bundle.module.resourceURL!.appendingPathComponent("Recorded").appendingPathComponent(name)
    }
    let root = try JSONSerialization.jsonObject(with: Data(contentsOf: url("tutorial.json"))) as! [String: Any]
    steps = root["steps"] as! [String: [String: Any]]
    file = try SafetensorsFile(path: url("tutorial.safetensors").path)
  }

  func tensor(_ key: String) throws -> Tensor {
    let info = file[key]!
    return try file.withBytes(of: key) { bytes in
      Tensor(shape: info.shape, dtype: .float32) { $0.copyMemory(from: bytes) }
    }
  }

  /// Names in PyTorch's order, every tensor bit for bit, hooks and histories.
  func expect(_ step: String, _ module: Module, hooks: Bool = true) throws {
    let names = steps[step]!
    #expect(module.namedParameters.keys.elements == names["parameters"] as! [String], "\(step): parameters")
    #expect(module.namedBuffers.keys.elements == names["buffers"] as! [String], "\(step): buffers")
    #expect(module.stateDict.keys.elements == names["state_dict"] as! [String], "\(step): state dict keys")
    #expect(module.description == names["text"] as! String, "\(step): description")
    for name in module.stateDict.keys {
      #expect(sameBits(try module.tensor(name), try tensor("\(step)/\(name)")), "\(step): \(name)")
    }
    for (name, slot) in module.slots {
      guard case .computed = slot else { continue }
      #expect(sameBits(module[name], try tensor("\(step)/\(name)")), "\(step): \(name)")
    }
    guard hooks else { return }
    let recorded = names["hooks"] as! [[Any]]
    let own = module.forwardPreHooks.values.compactMap { $0 as? PruningHook }
    #expect(
      Set(own.map { "\($0.tensorName) \($0) \($0.history)" })
        == Set(recorded.map { "\($0[0]) \($0[1]) [\(($0[2] as! [String]).joined(separator: ", "))]" }), "\(step): hooks"
    )
  }
}

private final class LeNet: Module {
  let conv1 = Conv2d(1, 6, kernelSize: 5)
  let conv2 = Conv2d(6, 16, kernelSize: 5)
  let fc1 = Linear(16 * 5 * 5, 120)
  let fc2 = Linear(120, 84)
  let fc3 = Linear(84, 10)

  override func forward(_ x: Tensor) -> Tensor {
    var x = maxPool2d(relu(conv1(x)), 2)
    x = maxPool2d(relu(conv2(x)), 2)
    x = x.flatten(1)
    return fc3(relu(fc2(relu(fc1(x)))))
  }
}

/// Every other entry, as the tutorial's own method.
private struct FooBarPruningMethod: PruningMethod {
  let pruningType = PruningType.unstructured
  func computeMask(_ scores: Tensor, defaultMask: Tensor) -> Tensor {
    let mask = defaultMask.clone()
    mask.view(-1)[TensorIndex.slice(nil, nil, step: 2)].zero()
    return mask
  }
}

/// The tutorial's steps against the tensors that PyTorch gives for them.
@Suite(.serialized) struct TutorialTests {
  private let recording = try! Recording()

  /// The model with `conv1` as the tutorial leaves it after `steps` steps.
  private func model(steps: Int) throws -> LeNet {
    manualSeed(0)
    let model = LeNet()
    _ = Tensor.randn([2, 1, 32, 32])
    if steps > 0 { try Prune.randomUnstructured(model.conv1, name: "weight", amount: 0.3) }
    if steps > 1 { try Prune.l1Unstructured(model.conv1, name: "bias", amount: 3) }
    if steps > 2 { try Prune.lnStructured(model.conv1, name: "weight", amount: 0.5, n: 2, dim: 0) }
    if steps > 3 { try Prune.remove(model.conv1, name: "weight") }
    return model
  }

  @Test func createAModel() throws {
    manualSeed(0)
    let model = LeNet()
    try recording.expect("model", model)
    let x = Tensor.randn([2, 1, 32, 32])
    #expect(sameBits(x, try recording.tensor("x")))
    #expect(model(x).detach().allClose(try recording.tensor("y"), relative: 1e-5, absolute: 1e-6))
  }

  @Test func inspectAModule() throws { try recording.expect("inspect", model(steps: 0).conv1) }

  @Test func pruneAModuleAtRandom() throws {
    let conv1 = try model(steps: 1).conv1
    try recording.expect("random", conv1)
    #expect(conv1.weight.gradFunctionName == "MulBackward0")
    #expect(conv1["weight_mask"].requiresGrad == false)
  }

  @Test func pruneTheBiasByL1() throws { try recording.expect("bias", model(steps: 2).conv1) }

  @Test func pruneStructuredOnTop() throws {
    let conv1 = try model(steps: 3).conv1
    try recording.expect("structured", conv1)
    let hook = try #require(
      conv1.forwardPreHooks.values.compactMap { $0 as? PruningHook }.first { $0.tensorName == "weight" })
    #expect(hook.history.map(\.description) == ["RandomUnstructured", "LnStructured"])
  }

  @Test func serialise() throws {
    let model = try model(steps: 3)
    try recording.expect("serialised", model)
    let y = model(try recording.tensor("x")).detach()
    #expect(y.allClose(try recording.tensor("y_pruned"), relative: 1e-5, absolute: 1e-6))
  }

  @Test func removeTheReparameterisation() throws { try recording.expect("removed", model(steps: 4).conv1) }

  @Test func pruneManyParametersByType() throws {
    manualSeed(1)
    let model = LeNet()
    for module in model.namedModules.values {
      switch module {
      case is Conv2d: try Prune.l1Unstructured(module, name: "weight", amount: 0.2)
      case is Linear: try Prune.l1Unstructured(module, name: "weight", amount: 0.4)
      default: break
      }
    }
    try recording.expect("by_type", model)
  }

  @Test func pruneGlobally() throws {
    manualSeed(2)
    let model = LeNet()
    let layers: [Module] = [model.conv1, model.conv2, model.fc1, model.fc2, model.fc3]
    try Prune.globalUnstructured(layers.map { ($0, "weight") }, method: L1Unstructured.self, amount: 0.2)
    try recording.expect("global", model)
    #expect(
      layers.map { String(format: "%.2f%%", 100 * $0["weight"].sparsity) }
        == recording.steps["global"]!["sparsity"] as! [String])
  }

  @Test func aMethodOfOnesOwn() throws {
    manualSeed(3)
    let model = LeNet()
    try Prune.apply(FooBarPruningMethod(), to: model.fc3, name: "bias")
    try recording.expect("custom", model.fc3)
    try Prune.apply(FooBarPruningMethod(), to: model.fc3, name: "bias")
    try recording.expect("custom_twice", model.fc3)
  }
}
