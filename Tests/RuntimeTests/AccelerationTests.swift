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
      #expect(found.relativeDifference(from: wanted) < 1e-5)
    }
  }

  @Test func measuredPlansKeepResultsAndNames() throws {
    let network = try Self.network()
    let x = Tensor.randn([2, 3, 20, 20])
    let fast = try network.accelerated(example: x)
    #expect(fast.plan.largestDifference < 1e-5)
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
    network.norm.train()
    #expect(throws: AccelerationError.training) { try fast.run(x) }
    network.norm.eval()
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

  /// The head by a sparse kernel, whatever is fast.
  static func accelerated(_ network: Network, _ x: Tensor) throws -> AcceleratedModule {
    var plan = try network.accelerated(example: x).plan
    for index in plan.layers.indices { plan.layers[index].choice = index == 3 ? sparse[0] : .dense }
    return try network.accelerated(example: x, plan: plan)
  }

  @Test func refusesToRunOnOtherWeights() throws {
    let x = Tensor.randn([1, 3, 20, 20])
    func refuses(_ name: String, _ change: (Network) throws -> Void) throws {
      let network = try Self.network()
      let fast = try Self.accelerated(network, x)
      _ = try fast.run(x)
      try change(network)
      #expect(throws: AccelerationError.changed("head.\(name)")) { try fast.run(x) }
    }
    try refuses("weight_orig") { network in
      noGrad { _ = network.head["weight_orig"].addInPlace(network.head["weight_orig"]) }
    }
    try refuses("weight_mask") { try Prune.l1Unstructured($0.head, name: "weight", amount: 0.5) }
    try refuses("weight_mask") { network in
      try Prune.replaceMask(network.head, name: "weight", mask: Tensor.ones(network.head["weight"].shape))
    }
    try refuses("bias") { $0.head.replaceParameter("bias", by: Tensor.zeros([10])) }
    try refuses("weight_orig") { try Prune.undo($0.head, name: "weight") }
    try refuses("bias") { try Prune.l1Unstructured($0.head, name: "bias", amount: 0.5) }
    try refuses("bias") { $0.head.to(.float64) }
    // What no kernel was made of may change.
    let network = try Self.network()
    let fast = try Self.accelerated(network, x)
    noGrad { _ = network.norm["running_mean"].addInPlace(1) }
    #expect(try fast.run(x).relativeDifference(from: noGrad { network(x) }) < 1e-5)
  }

  @Test(arguments: [[1, 1, 3, 5], [2, 3, 5, 7], [3, 70, 9, 11], [1, 130, 1, 1], [2, 16, 16, 16], [0, 3, 4, 4]])
  func memoryFormatsAreThoseOfLibTorch(_ shape: [Int]) {
    let x = Tensor.randn(shape)
    for threads in [1, 2] {
      let before = threadCount
      defer { threadCount = before }
      threadCount = threads
      let together = x.withChannelsTogether()
      #expect(together.isContiguous(.channelsLast) && together.equal(x))
      #expect(together.strides == x.contiguous(.channelsLast).strides)
      let apart = together.withChannelsApart()
      #expect(apart.isContiguous && apart.equal(x))
    }
    // Others are LibTorch's.
    let part = Tensor.randn([shape[0], shape[1], shape[2], 2 * shape[3]]).narrow(3, start: 0, length: shape[3])
    #expect(part.withChannelsTogether().equal(part) && part.withChannelsApart().equal(part))
    #expect(x.to(.float64).withChannelsTogether().equal(x.to(.float64)))
  }

  @Test func inputsThatKernelsDoNotTakeAreLibTorchs() throws {
    let weight = Tensor.randn([6, 4])
    let layer = LayerOperation(path: "fc", kind: .linear, weight: weight)
    let kernel = try LayerKernel(layer, Self.sparse[0])
    #expect(layer.takes(Tensor.randn([3, 4])) && layer.takes(Tensor.randn([4])))
    for wrong in [Tensor.randn([3, 5]), Tensor.randn([8, 2]), Tensor.randn([3, 4]).to(.float64)] {
      #expect(!layer.takes(wrong))
    }
    #expect(kernel(Tensor.randn([2, 3, 4])).shape == [2, 3, 6])
    let shape = try ConvolutionShape(inputs: 4, outputs: 8, kernel: .init(3, 3))
    let convolution = LayerOperation(path: "conv", kind: .convolution(shape, dimensions: 2), weight: weight)
    #expect(convolution.takes(Tensor.randn([4, 5, 5])) && convolution.takes(Tensor.randn([2, 4, 3, 3])))
    for wrong in [[2, 3, 5, 5], [4, 2, 5], [5, 5], [2, 2, 4, 5, 5], [4, 2, 2]] {
      #expect(!convolution.takes(Tensor.randn(wrong)), "\(wrong)")
    }
  }

  /// A product with what the caller gives.
  final class SelfProduct: Module {
    override func forward(_ x: Tensor) -> Tensor { linear(x, x) }
  }

  @Test func weightsThatTheCallerGivesStayTheCallers() throws {
    let x = Tensor.eye(4)
    let model = try GraphModule(TracedModule(SelfProduct().eval(), example: x, dynamic: []))
    let fast = try model.accelerated(examples: [x])
    #expect(try #require(fast.accelerationPlan).layers.isEmpty)
    let other = Tensor.randn([4, 4])
    #expect(try fast.run([other]).relativeDifference(from: model.run([other])) == 0)
  }

  @Test func plansThatCannotBeAreRefused() throws {
    let network = Sequential(Linear(8, 4)).eval()
    let x = Tensor.randn([2, 8])
    let plan = try network.accelerated(example: x).plan
    var wrong = plan
    wrong.layers[0].choice = .denseChannelsLast
    #expect(throws: AccelerationError.self) { try network.accelerated(example: x, plan: wrong) }
    wrong.layers[0].choice = Self.sparse[0]
    let halves = Sequential(Linear(8, 4)).to(.bfloat16).eval()
    #expect(throws: AccelerationError.self) { try halves.accelerated(example: x.to(.bfloat16), plan: wrong) }

    let file = FileManager.default.temporaryDirectory.appendingPathComponent("plan-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    wrong.largestDifference = .infinity
    try wrong.json().write(to: file)
    #expect(try AccelerationPlan(contentsOf: file.path) == wrong)
    let text = try String(decoding: wrong.json(), as: UTF8.self)
    #expect(text.contains("\"slabRows\" : 64"))
    try Data(text.replacingOccurrences(of: "\"slabRows\" : 64", with: "\"slabRows\" : 12").utf8).write(to: file)
    #expect(throws: AccelerationError.self) { try AccelerationPlan(contentsOf: file.path) }
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
      let fast: GraphModule
      do {
        fast = try model.accelerated(examples: inputs, plan: plan)
      } catch SparseKernelError.format(.blocks4, _) {
        continue  // blocks across groups
      }
      for batch in [1, 2, 7] {
        let recorded = try StateDict(contentsOf: Exported.path("\(name).\(batch).safetensors"))
        let outputs = try fast.run(Exported.tensors(recorded, "x"))
        #expect(outputs.relativeDifference(from: Exported.tensors(recorded, "y")) < 2e-5)
      }
      #expect(Array(fast.stateDict.keys) == Array(model.stateDict.keys))
    }
  }
}
