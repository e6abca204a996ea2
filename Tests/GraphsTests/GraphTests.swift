import Checkpoints
import Foundation
import Testing

@testable import Graphs

@Suite struct GraphTests {
  @Test func readsWhatTheFormatSays() throws {
    let model = try Fixture.model("dictionary")
    let graph = model.graph
    #expect(model.schemaVersion.major == 8)
    #expect(model.torchVersion.hasPrefix("2.13"))
    #expect(Array(graph.parameters.keys) == ["a.weight", "a.bias", "b.weight", "b.bias"])
    #expect(graph.userInputs.map(\.name) == ["image", "scale"])
    #expect(graph.outputNames == ["logits", "extra.0", "extra.1"])
    #expect(graph.symbols.count == 1)
    let symbol = try #require(graph.symbols.first)
    #expect(graph.ranges[symbol] == Graph.SymbolRange(minimum: 1, maximum: 64))
    #expect(graph.values["image"]?.tensor?.description == "f32[\(symbol), 6]")
    #expect(graph.operators["aten::linear"] == 2)
    #expect(graph.nodes.first { $0.baseName == "linear" }?.modulePath == "a")
    #expect(graph.problems == [])
  }

  @Test func nestedGraphsAreRead() throws {
    let graph = try Fixture.model("rotary").graph
    #expect(graph.operators["torch.ops.higher_order.wrap_with_set_grad_enabled"] == 1)
    #expect(graph.operators["torch.ops.higher_order.wrap_with_autocast"] == 1)
    #expect(graph.operators["aten::cos"] == 1)
    #expect(graph.problems == [])
    #expect(graph.buffers["frequencies"] != nil)
  }

  @Test func printsAsPythonDoes() throws {
    let lines = try Fixture.model("training").graph.description.split(separator: "\n").map(String.init)
    #expect(lines[0] == "ExportedProgram:")
    let symbol = try #require(Fixture.model("training").graph.symbols.first)
    #expect(
      lines.contains(
        "        linear: \"f32[\(symbol), 8]\" = torch.ops.aten.linear.default(x, p_a_weight, p_a_bias)"))
    #expect(lines.contains("    p_a_weight: PARAMETER target='a.weight'"))
    #expect(lines.contains("    b_bn_running_mean: BUFFER target='bn.running_mean' persistent=True"))
    #expect(lines.last == "Range constraints: {\(symbol): VR[1, 64]}")
  }

  @Test func contradictionsAreFound() throws {
    var graph = try Fixture.model("training").graph
    graph.nodes.swapAt(0, graph.nodes.count - 1)
    #expect(graph.problems.contains { $0.contains("which nothing before it gives") })
    graph = try Fixture.model("training").graph
    graph.nodes.append(graph.nodes[0])
    #expect(graph.problems == ["torch.ops.aten.linear.default gives 'linear' a second time"])
    graph.nodes.removeLast()
    graph.values["linear"] = nil
    #expect(graph.problems == ["nothing is known of the value 'linear' of torch.ops.aten.linear.default"])
    #expect(throws: GraphError.self) { try graph.verify() }
  }

  @Test func nodesAreReplacedAndRemoved() throws {
    var model = try Fixture.model("training")
    let index = try #require(model.graph.nodes.firstIndex { $0.baseName == "relu" })
    let relu = model.graph.nodes[index]
    let gelu = Node("torch.ops.aten.gelu.default", relu.inputs, outputs: [.tensor("gelu")], metadata: relu.metadata)
    model.graph.values["gelu"] = model.graph.values["relu"]
    model.graph.replaceNode(at: index, by: [gelu], results: ["relu": "gelu"])
    #expect(model.graph.problems == [])
    #expect(model.graph.nodes.last?["input"] == .tensor("gelu"))
    #expect(model.graph.values["relu"] == nil)
    // A dead one goes, one with an effect stays.
    model.graph.values["dead"] = model.graph.values["gelu"]
    model.graph.nodes.append(Node("torch.ops.aten.relu.default", gelu.inputs, outputs: [.tensor("dead")]))
    #expect(model.graph.removeDeadNodes() == 1)
    #expect(model.graph.nodes.contains { $0.baseName == "add_" })
    let scratch = try Scratch()
    try model.write(to: scratch("edited.pt2"))
    #expect(try ExportedProgram(contentsOf: scratch("edited.pt2")).graph.operators["aten::gelu"] == 1)
  }

  @Test func expressionsAreRead() {
    let expression = SymbolicExpression("Add(Mul(Integer(2), Symbol('s77', positive=True, integer=True)), Integer(-1))")
    #expect(expression.description == "2*s77 + -1")
    #expect(expression.symbols == ["s77"])
    #expect(expression.evaluated(["s77": 5]) == 9)
    #expect(expression.evaluated([:]) == nil)
    #expect(SymbolicExpression("FloorDiv(Symbol('s0'), Integer(4))").evaluated(["s0": 11]) == 2)
    #expect(SymbolicExpression("Max(Integer(1), Symbol('u0', integer=True))").evaluated(["u0": 3]) == 3)
    #expect(SymbolicExpression("Add(") == .opaque("Add("))
    #expect(SymbolicExpression(String(repeating: "Add(", count: 1000)).evaluated([:]) == nil)
  }

  @Test func countsByShape() throws {
    let graph = try Fixture.model("dictionary").graph
    let symbols = try #require(graph.symbols(batch: 5))
    let counts = graph.counts(symbols)
    #expect(counts.reduce(0) { $0 + $1.macs } == 210)
    #expect(counts.reduce(0) { $0 + $1.parameters } == 49)
  }

  @Test func everyRuleCounts() {
    func macs(_ target: String, _ shapes: [String: [Int]], _ output: [Int], _ more: [NamedArgument] = []) -> Int {
      var graph = Graph(inputs: [], outputs: [], nodes: [], values: [:])
      for (name, shape) in shapes {
        graph.values[name] = Value(.tensor(TensorType(dtype: .f32, sizes: shape.map { .fixed($0) })))
      }
      graph.values["out"] = Value(.tensor(TensorType(dtype: .f32, sizes: output.map { .fixed($0) })))
      let inputs = shapes.keys.sorted().map { NamedArgument($0, .tensor($0)) } + more
      graph.nodes = [Node("torch.ops.aten.\(target)", inputs, outputs: [.tensor("out")])]
      return graph.counts([:])[0].macs
    }
    #expect(macs("conv2d.default", ["input": [2, 4, 8, 8], "weight": [6, 2, 3, 3]], [2, 6, 8, 8]) == 13824)
    #expect(macs("conv1d.default", ["input": [4, 9], "weight": [6, 4, 3]], [6, 7]) == 504)
    #expect(macs("conv_transpose2d.input", ["input": [1, 4, 3, 3], "weight": [4, 6, 2, 2]], [1, 6, 6, 6]) == 864)
    #expect(macs("bmm.default", ["self": [2, 3, 4], "mat2": [2, 4, 5]], [2, 3, 5]) == 120)
    #expect(macs("addmm.default", ["self": [5], "mat1": [3, 4], "mat2": [4, 5]], [3, 5]) == 60)
    #expect(
      macs(
        "scaled_dot_product_attention.default", ["query": [2, 4, 5, 8], "key": [2, 4, 7, 8], "value": [2, 4, 7, 6]],
        [2, 4, 5, 6]) == 3920)
    #expect(
      macs(
        "lstm.input", ["input": [2, 6, 12], "w": [40, 12], "u": [40, 10], "b": [40]], [2, 6, 10],
        [NamedArgument("params", .tensors(["w", "u", "b"]))]) == 10560)
    #expect(
      macs(
        "einsum.default", ["p": [2, 3], "q": [2, 5]], [2, 3, 5],
        [NamedArgument("equation", .string("bi,bj->bij")), NamedArgument("tensors", .tensors(["p", "q"]))]) == 30)
    #expect(macs("relu.default", ["self": [9]], [9]) == 0)
  }
}
