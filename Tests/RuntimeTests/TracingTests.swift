import ExampleModels
import Foundation
import Graphs
import NN
import OrderedCollections
import Pruning
import Testing
import Torch

@testable import Runtime

/// Swift modules as graphs.
@Suite(.serialized) struct TracingTests {
  /// A model with an example, its dynamic dimensions, and inputs of a batch.
  struct Case {
    let module: Module
    let dynamic: [DynamicDimension]
    let input: (Int) -> Tensor
    var name: String

    init(_ name: String, _ module: Module, _ dynamic: [DynamicDimension] = [.batch], _ input: @escaping (Int) -> Tensor)
    {
      (self.name, self.module, self.dynamic, self.input) = (name, module, dynamic, input)
    }

    func traced() throws -> TracedModule { try TracedModule(module, example: input(3), dynamic: dynamic) }
  }

  static func ids(_ batch: Int, _ length: Int, _ count: Int) -> Tensor {
    Tensor.randint(0..<count, [batch, length], generator: Generator(seed: UInt64(batch)))
  }
  static func draw(_ shape: Int...) -> Tensor { .randn(shape, generator: Generator(seed: UInt64(shape[0]))) }

  static func cases() throws -> [Case] {
    manualSeed(0)
    threadCount = 1
    let length = DynamicDimension("length", axis: 1, from: 2, to: 16)
    let masked = LeNet()
    try Prune.l1Unstructured(masked.fc1, name: "weight", amount: 0.8)
    try Prune.lnStructured(masked.conv2, name: "weight", amount: 0.5, n: 2, dim: 0)
    let weightNormed = Sequential(Linear(4, 6), Tanh(), Linear(6, 2))
    try WeightNorm.apply(to: weightNormed[0])
    let all = [
      Case("lenet", LeNet()) { draw($0, 1, 28, 28) },
      Case("masked", masked) { draw($0, 1, 28, 28) },
      Case("normed", Normed()) { draw($0, 2, 5, 5) },
      Case("writing", Writing()) { draw($0, 4) },
      Case("sized", Sized(), [.batch, length]) { draw($0, $0 % 7 + 4, 4) },
      Case("fixed", Sized(), []) { _ in draw(3, 5, 4) },
      Case("weightnorm", weightNormed) { draw($0, 4) },
      Case("resnet", SmallResNet()) { draw($0, 1, 28, 28) },
      Case("encoder", TextClassifier(tokens: 30, classes: 4, length: 16, width: 16, heads: 2), [.batch, length]) {
        ids($0, $0 % 7 + 6, 30)
      },
      Case("tagger", Tagger(tokens: 30, tags: 5, width: 8, hidden: 6)) { ids($0, 7, 30) },
    ]
    for one in all { one.module.eval() }
    return all
  }

  @Test func graphsComputeWhatModulesDo() throws {
    for one in try Self.cases() {
      let module = try GraphModule(one.traced())
      for batch in [1, 3, 8] {
        let x = one.input(batch)
        let found = try noGrad { try module.run([x])[0] }
        #expect(difference(found, noGrad { one.module(x) }) == 0, "\(one.name) at \(batch)")
      }
    }
  }

  @Test(.enabled(if: hasTorch, "needs a python3 with torch and safetensors")) func pythonLoadsWhatIsTraced() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bonsai-traced-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let cases = try Self.cases()
    for one in cases {
      let path = folder.appendingPathComponent("\(one.name).pt2").path
      try one.traced().write(to: path)
      for batch in one.dynamic.isEmpty ? [3] : [1, 3, 64] {
        let x = one.input(batch)
        let state: StateDict = ["x0": x, "y0": noGrad { one.module(x) }]
        try state.save(to: folder.appendingPathComponent("\(one.name).\(batch).safetensors").path)
      }
      // The file is also what is read here.
      let read = try GraphModule(contentsOf: path)
      let x = one.input(3)
      #expect(difference(read(x), one.module(x)) == 0, "\(one.name)")
      #expect(Array(read.stateDict.keys).sorted() == Array(one.module.stateDict.keys).sorted(), "\(one.name)")
    }
    let script = try #require(
      Bundle.module.url(forResource: "check_traced", withExtension: "py", subdirectory: "Python"))
    let result = try python([script.path, folder.path] + cases.map(\.name))
    let lines = result.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(lines.map { String($0[0]) } == cases.map(\.name))
    for (line, one) in zip(lines, cases) {
      #expect(Double(line[1]) ?? .infinity < 2e-6, "\(line)")
      #expect(Int(line[2]) == one.module.parameterCount, "\(line)")
    }
  }

  @Test func pathsNamesAndSizes() throws {
    let graph = try Graph(tracing: LeNet().eval(), example: .zeros([1, 1, 28, 28]))
    #expect(graph.nodes.map(\.modulePath).filter { !$0.isEmpty } == ["conv1", "conv2", "fc1", "fc2", "fc3"])
    #expect(graph.parameters["conv1.weight"] == "p_conv1_weight")
    #expect(graph.values["linear_2"]?.tensor?.description == "f32[s0, 10]")
    #expect(graph.ranges["s0"] == Graph.SymbolRange(minimum: 1, maximum: nil))
    let counts = graph.counts(graph.symbols(batch: 2) ?? [:])
    let macs = [28 * 28 * 150, 10 * 10 * 2400, 48000, 10080, 840].reduce(0, +)
    #expect(counts.reduce(0) { $0 + $1.macs } == 2 * macs)
    #expect(counts.reduce(0) { $0 + $1.parameters } == 61706)
    let fixed = try Graph(tracing: LeNet().eval(), example: .zeros([2, 1, 28, 28]), dynamic: [])
    #expect(fixed.values["x"]?.tensor?.shape == [2, 1, 28, 28] && fixed.ranges.isEmpty)
    // Sizes in arithmetic before all steps, one node each.
    let sized = try Graph(
      tracing: Sized(), example: .zeros([3, 5, 4]), dynamic: [.batch, DynamicDimension("length", axis: 1, from: 2)])
    #expect(
      sized.nodes.prefix { !$0.target.contains("aten.arange") }.filter { $0.target.hasPrefix("_operator") }.count == 3)
    try sized.verify()
  }

  @Test func masksAreParametersBuffersAndProducts() throws {
    let model = LeNet().eval()
    try Prune.l1Unstructured(model.fc1, name: "weight", amount: 0.5)
    try Prune.l1Unstructured(model.fc1, name: "bias", amount: 3)
    var graph = try Graph(tracing: model, example: .zeros([1, 1, 28, 28]))
    #expect(graph.prunedPairs.map(\.name) == ["fc1.weight", "fc1.bias"])
    #expect(graph.nodes.filter { $0.operatorName == "aten::mul.Tensor" }.count == 2)
    #expect(graph.foldPrunedPairs().count == 2)
    #expect(graph.nodes.allSatisfy { $0.operatorName != "aten::mul.Tensor" })
    try graph.verify()
    // Without masks again, as it was.
    let x = Tensor.randn([2, 1, 28, 28])
    let before = noGrad { model(x) }
    #expect(difference(before, noGrad { model(x) }) == 0)
    #expect(model.fc1.slots.keys.contains("weight_mask"))
  }

  @Test func modulesShareTheirParameters() throws {
    let model = Normed().train()
    let traced = try TracedModule(model, example: .randn([2, 2, 5, 5]))
    #expect(traced.notes.map(\.operation) == ["aten::dropout"])
    let twin = try GraphModule(traced)
    #expect(twin.isTraining)
    #expect(zip(twin.parameters, model.parameters).allSatisfy { $0.isSame(as: $1) })
    #expect(twin.parameters.count == model.parameters.count)
    let x = Tensor.randn([4, 2, 5, 5])
    manualSeed(3)
    let found = twin(x)
    found.sum().backward()
    let gradient = try #require(model.conv.weight.grad).clone()
    model.zeroGrad()
    let mean = try model.tensor("bn.running_mean").clone()
    #expect(try model.tensor("bn.num_batches_tracked").intItem() == 1)
    for (name, value) in [("running_mean", 0.0), ("running_var", 1)] { model.bn[name].fill(value) }
    manualSeed(3)
    let wanted = model(x)
    #expect(difference(found, wanted) == 0)
    #expect(difference(mean, try model.tensor("bn.running_mean")) == 0)
    wanted.sum().backward()
    #expect(difference(gradient, try #require(model.conv.weight.grad)) == 0)
    // Evaluation of the graph that was traced in training.
    #expect(difference(twin.eval()(x), model.eval()(x)) == 0)
  }

  @Test func tracingLeavesTheModuleAsItWas() throws {
    let model = Normed().train()
    let embedding = Sequential(Embedding(8, 4, maxNorm: 0.1), Linear(4, 2))
    let before = model.stateDict.mapValues { $0.clone() }
    let vectors = embedding.stateDict.mapValues { $0.clone() }
    manualSeed(5)
    let expected = Tensor.randn([3])
    manualSeed(5)
    _ = try TracedModule(model, example: .randn([2, 2, 5, 5], generator: Generator(seed: 1)))
    _ = try TracedModule(embedding, example: Tensor([1, 2, 1] as [Int64], shape: [1, 3]))
    #expect(difference(.randn([3]), expected) == 0)
    for (name, tensor) in model.stateDict { #expect(difference(tensor, before[name] ?? .zeros([])) == 0, "\(name)") }
    for (name, tensor) in embedding.stateDict {
      #expect(difference(tensor, vectors[name] ?? .zeros([])) == 0, "\(name)")
    }
    // The example is the caller's.
    let example = Tensor.ones([2, 4])
    _ = try TracedModule(Writing(), example: example)
    #expect(difference(example, .ones([2, 4])) == 0)
  }

  @Test func whatAGraphCannotHoldIsRefusedByName() throws {
    func problems(_ module: Module, _ example: Tensor = .ones([2, 2]), in name: String = "0") -> [TracingProblem] {
      do {
        _ = try TracedModule(Sequential(module), example: example)
        return []
      } catch TracingError.problems(let problems) {
        return problems
      } catch {
        Issue.record("\(error)")
        return []
      }
    }
    func check(_ module: Module, _ operation: String, _ words: String) {
      let found = problems(module)
      #expect(found.first?.operation == operation && found.first?.module == "0", "\(found)")
      #expect(found.first?.message.contains(words) ?? false, "\(found)")
    }
    check(Reading(), "aten::item", "Swift reads entries of 'sum_1', which follow from the inputs")
    check(Looking(), "withUnsafeBytes", "Swift reads entries of")
    check(Branching(), "aten::sigmoid", "step 0 is aten::sigmoid for batch 3 and aten::relu for batch 5")
    check(
      Meaning(), "aten::mul.Tensor", "argument 'other' is 0.3333333333333333, 0.2, 0.125 for batch 3; batch 5; batch 8")
    check(Making(), "aten::unsqueeze", "a tensor that Swift makes anew for other sizes, of shapes [3] and [5] and [8]")
    check(Exchanging(), "buffer 'mean'", "the module puts another tensor in its place")
    check(Scribbling(), "withUnsafeMutableBytes", "Swift writes to the memory of 'mul'")
  }

  @Test func oneSampleIsTriedToo() throws {
    do {
      _ = try TracedModule(Singling().eval(), example: .ones([2, 2]))
      Issue.record("traced")
    } catch TracingError.problems(let problems) {
      #expect(
        problems.map(\.operation) == ["batch 1"] && problems[0].message.contains("output 0 has 3.0 in place of 2.0"))
    }
    let batch = DynamicDimension("batch", axis: 0, from: 2)
    let module = try GraphModule(TracedModule(Singling().eval(), example: .ones([2, 2]), dynamic: [batch]))
    #expect(throws: GraphRunError.self) { try module.run([.ones([1, 2])]) }
  }

  @Test func countsThatAreReadAreRefused() throws {
    // The plain mean over all batches takes the count of batches as a number.
    let norm = BatchNorm1d(2, momentum: nil)
    do {
      _ = try TracedModule(norm.train(), example: .randn([4, 2]))
      Issue.record("traced")
    } catch TracingError.problems(let problems) {
      #expect(problems.map(\.operation) == ["aten::item"] && problems[0].message.contains("change from run to run"))
    }
    _ = try TracedModule(norm.eval(), example: .randn([4, 2]))
  }

  @Test func graphsAreReadAsTheyWereTraced() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("bonsai-\(UUID().uuidString).pt2").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    for one in try Self.cases() {
      let traced = try one.traced()
      try traced.write(to: path)
      let read = try ExportedProgram(contentsOf: path).graph
      #expect("\(read)" == "\(traced.graph)", "\(one.name)")
      #expect(read.inputTree == traced.graph.inputTree && read.outputTree == traced.graph.outputTree)
      let symbols = traced.graph.symbols(batch: one.dynamic.isEmpty ? nil : 7) ?? [:]
      #expect(read.counts(symbols) == traced.graph.counts(symbols), "\(one.name)")
    }
  }

  @Test func tiedWeightsStayOne() throws {
    let (embedding, head) = (Embedding(20, 8), Linear(8, 20, bias: false))
    head.replaceParameter("weight", by: embedding.weight)
    let model = Sequential(embedding, head)
    let traced = try TracedModule(model, example: Self.ids(2, 5, 20))
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("bonsai-\(UUID().uuidString).pt2").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try traced.write(to: path)
    let x = Self.ids(3, 4 + 1, 20)
    for module in [try GraphModule(traced), try GraphModule(contentsOf: path)] {
      #expect(module.namedParameters.count == 1 && module.stateDict.count == 2)
      #expect(difference(module(x), model(x)) == 0)
    }
  }

  @Test func otherDtypesLayoutsAndRanks() throws {
    let half = Normed().eval().to(.float64)
    let x = Tensor.randn([2, 2, 5, 5], dtype: .float64)
    #expect(difference(try GraphModule(TracedModule(half, example: x))(x), half(x)) == 0)
    let image = Tensor.randn([3, 2, 5, 5]).contiguous(.channelsLast)
    let model = Normed().eval().to(.channelsLast)
    let traced = try TracedModule(model, example: image)
    #expect(difference(try GraphModule(traced)(image), model(image)) == 0)
    // A number beside the batch.
    let scaled = try TracedModule(Identity(), inputs: ["x": .ones([2, 3]), "scale": Tensor(2 as Float)]) {
      [$0($1[0]) * $1[1]]
    }
    #expect(try GraphModule(scaled).run([.ones([6, 3]), Tensor(3 as Float)])[0].equal(.full([6, 3], 3)))
  }

  @Test func whatIsFixedIsNoted() throws {
    let outsider = try TracedModule(Outsider(), example: .ones([2, 2]))
    #expect(outsider.notes.map(\.operation) == ["aten::mul.Tensor"])
    #expect(outsider.notes[0].message.contains("no parameter or buffer"))
    let x = Tensor.randn([4, 2])
    #expect(difference(try GraphModule(outsider)(x), Outsider()(x)) == 0)
    let noisy = try TracedModule(Noisy(), example: .ones([2, 2]))
    #expect(noisy.notes.map(\.operation) == ["aten::rand.generator"])
    let module = try GraphModule(noisy)
    #expect(difference(module(x), module(x)) > 0)
    let picking = try TracedModule(Picking(), inputs: ["x": .randn([2, 2])], dynamic: []) { [$0($1[0])] }
    #expect(picking.notes.map(\.operation) == ["aten::index.Tensor"])
    #expect(difference(try GraphModule(picking).run([-.ones([2, 2])])[0], Tensor(-2 as Float)) == 0)
    let clean = try TracedModule(LeNet().eval(), example: .ones([1, 1, 28, 28]))
    #expect(clean.notes.isEmpty)
  }

  @Test func examplesThatDoNotFitAreRefused() {
    func message(_ example: Tensor, _ dynamic: [DynamicDimension]) -> String {
      do {
        _ = try TracedModule(ReLU(), example: example, dynamic: dynamic)
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(message(.ones([2, 2]), [DynamicDimension("length", axis: 2)]).contains("no input has the dimension 2"))
    #expect(message(.ones([0, 2]), [.batch]).contains("empty along 'batch'"))
    #expect(message(.ones([2, 2]), [DynamicDimension("batch", axis: 0, from: 1, to: 2)]).contains("two sizes of 2"))
    #expect(
      message(.ones([2, 2, 2]), (0..<3).map { DynamicDimension("d\($0)", axis: $0) }).contains("two are possible"))
  }

  @Test func severalInputsAndOutputs() throws {
    let attention = MultiheadAttention(8, heads: 2, batchFirst: true).eval()
    let traced = try TracedModule(
      attention, inputs: ["query": .randn([2, 3, 8]), "key": .randn([2, 5, 8])],
      dynamic: [.batch, DynamicDimension("keys", axis: 1, of: ["key"], from: 2)]
    ) { module, inputs in
      let (output, weights) = module(inputs[0], inputs[1], inputs[1])
      return [output] + (weights.map { [$0] } ?? [])
    }
    let module = try GraphModule(traced)
    #expect(module.inputNames == ["query", "key"] && module.outputNames == ["0", "1"])
    let (query, key) = (Tensor.randn([4, 3, 8]), Tensor.randn([4, 9, 8]))
    let (output, weights) = attention(query, key, key)
    let found = try module.run([query, key])
    #expect(difference(found[0], output) == 0)
    #expect(difference(found[1], try #require(weights)) == 0)
    #expect(throws: GraphRunError.self) { try module.run([.randn([4, 4, 8]), key]) }
  }

  @Test func graphsWithinModulesAreTracedToo() throws {
    let inner = try GraphModule(TracedModule(LeNet().eval(), example: .zeros([1, 1, 28, 28])))
    let module = try GraphModule(
      TracedModule(Sequential(inner, Linear(10, 2)).eval(), example: .zeros([1, 1, 28, 28])))
    let x = Tensor.randn([6, 1, 28, 28])
    let inside = try #require(module.children["0"])
    #expect(inside.children["fc1"] != nil)
    #expect(module(x).shape == [6, 2])
  }
}
