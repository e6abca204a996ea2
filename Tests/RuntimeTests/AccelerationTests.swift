import Foundation
import NN
import Pruning
import SparseKernels
import Testing
import Torch

@testable import Runtime

/// Networks by measured plans, and by plans that force each kernel.
@Suite(.serialized) struct AccelerationTests {
  final class Network: Module {
    let conv = Conv2d(3, 8, kernelSize: 3, stride: 2, padding: 1)
    let norm = BatchNorm2d(8)
    let conv2 = Conv2d(8, 12, kernelSize: 3, padding: .same, groups: 2)
    let depthwise = Conv2d(12, 12, kernelSize: 3, groups: 12)
    let head = Linear(12, 10)

    override func forward(_ x: Tensor) -> Tensor {
      head(depthwise(relu(conv2(relu(norm(conv(x)))))).mean([2, 3]))
    }
  }

  /// A network with half of its weights 0, in evaluation.
  static func network() throws -> Network {
    manualSeed(3)
    let network = Network()
    _ = network(Tensor.randn([4, 3, 20, 20]))  // running statistics
    for layer in [network.conv, network.conv2, network.depthwise, network.head] as [Module] {
      try Prune.l1Unstructured(layer, name: "weight", amount: 0.5)
    }
    return network.eval()
  }

  static let sparse: [LayerChoice] = [.entries, .blocks4].map { .sparse(format: $0, tuning: .standard(for: $0)) }

  @Test(arguments: sparse) func everyKernelComputesTheSame(_ choice: LayerChoice) throws {
    let network = try Self.network()
    let x = Tensor.randn([2, 3, 20, 20])
    var plan = try network.accelerated(example: x).plan
    #expect(plan.layers.map(\.path) == ["conv", "conv2", "depthwise", "head"])
    #expect(plan.layers[0].operation == "conv2d 8 x 3 x 3 x 3")
    #expect(plan.layers[2].reason?.hasPrefix("depthwise") == true)
    for index in plan.layers.indices where index != 2 {
      if choice == Self.sparse[1], index == 1 { continue }  // six outputs in a group are no blocks of four
      plan.layers[index].choice = choice
    }
    let fast = try network.accelerated(example: x, plan: plan)
    #expect(fast.plan == plan)
    for batch in [1, 2, 3] {
      let input = Tensor.randn([batch, 3, 20, 20])
      let (wanted, found) = noGrad { (network(input), fast(input)) }
      #expect(PlanSearch.largestDifference([found], [wanted]) < 1e-5)
    }
  }

  @Test func measuredPlansKeepResultsAndNames() throws {
    let network = try Self.network()
    let x = Tensor.randn([2, 3, 20, 20])
    let fast = try network.accelerated(example: x)
    #expect(fast.plan.largestDifference < 1e-5)
    #expect(fast.plan.microseconds <= fast.plan.denseMicroseconds)
    #expect(fast.plan.layers.allSatisfy { $0.microseconds <= $0.denseMicroseconds })
    #expect(Array(fast.stateDict.keys) == Array(network.stateDict.keys))
    #expect(fast.parameters.count == network.parameters.count)

    let file = FileManager.default.temporaryDirectory.appendingPathComponent("plan-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try fast.plan.json().write(to: file)
    let read = try AccelerationPlan(contentsOf: file.path)
    #expect(read == fast.plan)
    try Data("{}".utf8).write(to: file)
    #expect(throws: AccelerationError.self) { try AccelerationPlan(contentsOf: file.path) }
  }

  @Test func refusesWhatItCannotDo() throws {
    let network = try Self.network()
    let x = Tensor.randn([1, 3, 20, 20])
    let fast = try network.accelerated(example: x)
    #expect(throws: AccelerationError.gradient) { try fast.run(Tensor.randn([1, 3, 20, 20]).requiringGrad()) }
    #expect(try !fast.run(x).requiresGrad)
    fast.train()
    #expect(throws: AccelerationError.training) { try fast.run(x) }
    #expect(throws: AccelerationError.training) { try network.accelerated(example: x) }
    fast.eval()
    noGrad { _ = network.head["weight_orig"].addInPlace(network.head["weight_orig"]) }
    #expect(throws: AccelerationError.changed("head.weight_orig")) { try fast.run(x) }
    // A plan for another network.
    let other = Sequential(Linear(4, 4)).eval()
    #expect(throws: AccelerationError.self) {
      try other.accelerated(example: Tensor.randn([1, 4]), plan: fast.plan)
    }
    // One of another machine is measured anew.
    var foreign = try other.accelerated(example: Tensor.randn([1, 4])).plan
    foreign.machine.processor = "another"
    #expect(try other.accelerated(example: Tensor.randn([1, 4]), plan: foreign).plan.machine == .current())
  }

  @Test(
    .enabled(if: hasTorch, "needs a python3 with torch and safetensors"),
    arguments: ["convolutions", "lenet", "conv1d", "unet"])
  func graphsComputeTheSame(_ name: String) throws {
    let model = try Exported.model(name)
    let recorded = try StateDict(contentsOf: Exported.path("\(name).2.safetensors"))
    let inputs = Exported.tensors(recorded, "x")
    var plan = try #require(try model.accelerated(examples: inputs).accelerationPlan)
    #expect(!plan.layers.isEmpty)
    for choice in Self.sparse {
      for index in plan.layers.indices where plan.layers[index].reason?.hasPrefix("depthwise") != true {
        plan.layers[index].choice = plan.layers[index].operation.hasPrefix("max_pool") ? .denseChannelsLast : choice
      }
      guard let fast = try? model.accelerated(examples: inputs, plan: plan) else { continue }  // blocks across groups
      for batch in [1, 2, 7] {
        let recorded = try StateDict(contentsOf: Exported.path("\(name).\(batch).safetensors"))
        let outputs = try fast.run(Exported.tensors(recorded, "x"))
        #expect(PlanSearch.largestDifference(outputs, Exported.tensors(recorded, "y")) < 2e-5)
      }
      #expect(Array(fast.stateDict.keys) == Array(model.stateDict.keys))
    }
  }
}
