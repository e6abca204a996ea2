import Checkpoints
import Graphs
import Recipes
import Sparsity
import Testing

@testable import Compaction

/// What the test suites of others expect of compaction, on networks made here.
@Suite struct FactTests {
  /// A network of linear layers, ReLU between them, with the weights given as rows.
  static func linear(_ weights: [[[Double]]]) -> (Graph, ModelTensors) {
    var graph = Graph(inputs: [], outputs: [], nodes: [], values: [:])
    var tensors: [(path: String, data: TensorData)] = []
    func tensor(_ sizes: [Int]) -> Value {
      Value(.tensor(TensorType(dtype: .f64, sizes: sizes.map(SymbolicSize.fixed))))
    }
    var (last, width) = ("x", weights[0][0].count)
    graph.values["x"] = tensor([1, width])
    for (number, rows) in weights.enumerated() {
      let (path, name) = ("fc\(number + 1).weight", "p_fc\(number + 1)")
      tensors.append((path, TensorData(rows.flatMap { $0 }, shape: [rows.count, rows[0].count], type: .f64)))
      graph.inputs.append(Graph.Input(.tensor(name), role: .parameter(path)))
      graph.values[name] = tensor([rows.count, rows[0].count])
      graph.nodes.append(
        Node(
          "torch.ops.aten.linear.default",
          [NamedArgument("input", .tensor(last)), NamedArgument("weight", .tensor(name))],
          outputs: [.tensor("linear\(number)")]))
      (last, width) = ("linear\(number)", rows.count)
      graph.values[last] = tensor([1, width])
      guard number + 1 < weights.count else { break }
      graph.nodes.append(
        Node("torch.ops.aten.relu.default", [NamedArgument("self", .tensor(last))], outputs: [.tensor("relu\(number)")])
      )
      last = "relu\(number)"
      graph.values[last] = tensor([1, width])
    }
    graph.inputs.append(Graph.Input(.tensor("x")))
    graph.outputs = [Graph.Output(.tensor(last))]
    return (graph, ModelTensors(tensors))
  }

  static func compactor(_ weights: [[[Double]]]) throws -> Compactor {
    let (graph, tensors) = linear(weights)
    return try Compactor(graph, tensors)
  }

  static func rows(_ count: Int, _ width: Int, _ value: (Int, Int) -> Double) -> [[Double]] {
    (0..<count).map { row in (0..<width).map { value(row, $0) } }
  }

  /// torch.ao: a linear layer with rows of 1, 2, 3, 4: half removed, rows 3 and 4 stay.
  @Test func theLargestStay() throws {
    let compactor = try Self.compactor([Self.rows(4, 3) { row, _ in Double(row + 1) }, Self.rows(2, 4) { _, _ in 1 }])
    let choice = try compactor.choose(CompactionRecipe(target: .amount(0.5)))
    let small = try compactor.compacted(choice)
    #expect(small.tensors.map(\.spec.shape) == [[2, 3], [2, 2]])
    var values: [Double] = []
    try small.tensors[0].produce { values += $0.bindMemory(to: Double.self) }
    #expect(values == [3, 3, 3, 4, 4, 4])
  }

  /// torch.ao: filters of 3.0, 2.0 and 0.1 are 11.7, 8.7 and 14.4 apart from the others; the one of 2.0 goes.
  @Test func theMedianGoes() throws {
    let compactor = try Self.compactor([
      Self.rows(3, 9) { row, _ in [3, 2, 0.1][row] }, Self.rows(4, 3) { _, _ in 1 },
    ])
    let weights = UnitWeights(compactor.lowered.tensors, compactor.units)
    let scores = try MedianDistance().scores(of: compactor.groups[0], in: weights)
    #expect(zip(scores, [11.7, 8.7, 14.4]).allSatisfy { abs($0 - $1) < 0.051 })
    let choice = try compactor.choose(CompactionRecipe(MedianDistance(), target: .amount(1)))
    #expect(choice.units == [compactor.groups[0].units[1]])
    #expect(try compactor.compacted(choice).tensors[1].spec.shape == [4, 2])
  }

  /// qonnx: a 784-64-32-10 network without 2 units of the first layer.
  @Test func givenUnitsGo() throws {
    let compactor = try Self.compactor([
      Self.rows(64, 784) { row, column in Double(row * column % 7) }, Self.rows(32, 64) { row, _ in Double(row) },
      Self.rows(10, 32) { _, _ in 1 },
    ])
    let small = try compactor.compacted(.init(units: [compactor.groups[0].units[3], compactor.groups[0].units[9]]))
    #expect(small.tensors.map(\.spec.shape) == [[62, 784], [32, 62], [10, 32]])
  }

  /// Torch-Pruning: the importance of a group is the reduction of the raw scores.
  @Test(arguments: ReducedCriterion.Reduction.allCases) func reductionsAreThoseOfTheScores(
    _ reduction: ReducedCriterion.Reduction
  ) throws {
    let compactor = try Self.compactor([[[1, -2], [3, 4]], [[5, 6], [7, -8]]])
    let weights = UnitWeights(compactor.lowered.tensors, compactor.units)
    let scores = try ReducedCriterion(LnNorm(.p(1)), over: reduction).scores(of: compactor.groups[0], in: weights)
    let raw = [[3.0, 12], [7, 14]]
    #expect(
      scores
        == raw.map { raw in
          switch reduction {
          case .sum: raw[0] + raw[1]
          case .mean: (raw[0] + raw[1]) / 2
          case .max: max(raw[0], raw[1])
          }
        })
    let norms = try GroupMagnitude().scores(of: compactor.groups[0], in: weights)
    let wanted = [(1.0 + 4 + 25 + 49), (9.0 + 16 + 36 + 64)].map { $0.squareRoot() }
    #expect(zip(norms, wanted).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test func sharesRoundHalfToEvenAndStopBeforeTheLast() throws {
    let compactor = try Self.compactor([Self.rows(5, 2) { row, _ in Double(row + 1) }, Self.rows(3, 5) { _, _ in 1 }])
    func left(_ recipe: CompactionRecipe) throws -> Int { 5 - (try compactor.choose(recipe)).units.count }
    #expect(try left(CompactionRecipe(target: .amount(0.5))) == 3)
    #expect(try left(CompactionRecipe(target: .amount(0.3))) == 3)
    #expect(try left(CompactionRecipe(target: .amount(1.0))) == 1)
    #expect(try left(CompactionRecipe(target: .amount(.count(2)))) == 3)
    #expect(try left(CompactionRecipe(target: .amount(0.5), roundTo: 4)) == 4)
    #expect(try left(CompactionRecipe(target: .amount(1.0), distribution: .uniform.keeping(atLeast: 0.5))) == 3)
    #expect(throws: RecipeError.self) { try left(CompactionRecipe(target: .amount(.count(6)))) }
    // 2 x 5 + 5 x 3 = 25 entries, 5 for each unit.
    for (target, units) in [(10, 2), (15, 3), (16, 3), (25, 5)] {
      #expect(try left(CompactionRecipe(target: .remaining(.parameters, .count(target)))) == units)
    }
    #expect(throws: CompactionError.self) { try left(CompactionRecipe(target: .remaining(.macs, .count(3)))) }
  }

  @Test func globalScoresAreThoseOfTheirGroup() throws {
    // The second layer is a thousand times as large, and all alike.
    let compactor = try Self.compactor([
      Self.rows(4, 2) { row, _ in [1, 1, 9, 9][row] }, Self.rows(4, 4) { _, _ in 1000 },
      Self.rows(2, 4) { _, _ in 1 },
    ])
    let recipe = CompactionRecipe(target: .amount(.count(2)), distribution: .global)
    #expect(try compactor.choose(recipe).units == Array(compactor.groups[0].units[..<2]))
  }

  @Test func namesAndRulesDecide() throws {
    let compactor = try Self.compactor([
      Self.rows(4, 2) { row, _ in Double(row) }, Self.rows(4, 4) { row, _ in Double(row) },
      Self.rows(2, 4) { _, _ in 1 },
    ])
    func left(_ recipe: CompactionRecipe) throws -> [Int] {
      let gone = Set(try compactor.choose(recipe).units)
      return compactor.groups.map { $0.units.count { !gone.contains($0) } }
    }
    let fc2 = try NamePattern("fc2")
    #expect(try left(CompactionRecipe(target: .amount(0.5), selector: Selector(only: [fc2]))) == [4, 2])
    #expect(try left(CompactionRecipe(target: .amount(0.5), selector: Selector(excluded: [fc2]))) == [2, 4])
    let rule = Rule(fc2, .prune(.amount(0.75)))
    #expect(try left(CompactionRecipe(target: .amount(0.5), rules: [rule])) == [2, 1])
    #expect(try left(CompactionRecipe(target: nil, rules: [rule])) == [4, 1])
    #expect(throws: RecipeError.self) {
      try left(CompactionRecipe(target: .amount(0.5), selector: Selector(only: [try NamePattern("fc3")])))
    }
  }

  @Test func anUnknownOperatorIsNamed() throws {
    var (graph, tensors) = Self.linear([Self.rows(4, 2) { _, _ in 1 }, Self.rows(2, 4) { _, _ in 1 }])
    graph.nodes[1].target = "torch.ops.mine.strange.default"
    graph.nodes[1].metadata["nn_module_stack"] = "m,body.act,Strange"
    let compactor = try Compactor(graph, tensors)
    #expect(compactor.unitCount == 0)
    #expect(compactor.unknownSteps.map(\.description) == ["mine::strange in body.act: there is no rule for it"])
    #expect(compactor.leftWhole[0].reason.operation == "mine::strange")
    #expect(throws: CompactionError.self) { try compactor.choose(CompactionRecipe(target: .amount(0.5))) }
    var rules = RuleTable.standard
    rules["strange"] = OperatorRule { step in step.give(step.dimensions("self") ?? []) }
    #expect(try Compactor(graph, tensors, rules: rules).unitCount == 4)
    tensors = ModelTensors([])
    #expect(throws: CompactionError.weights(["fc1.weight", "fc2.weight"])) { try Compactor(graph, tensors) }
  }

  @Test func sharedMemoryThatIsWrittenStaysWhole() throws {
    var (graph, tensors) = Self.linear([Self.rows(4, 2) { _, _ in 1 }, Self.rows(2, 4) { _, _ in 1 }])
    // The activation writes into the values that the sum reads again.
    graph.nodes[1].target = "torch.ops.aten.sigmoid_.default"
    graph.values["sum"] = graph.values["relu0"]
    graph.nodes.insert(
      Node(
        "torch.ops.aten.add.Tensor",
        [NamedArgument("self", .tensor("relu0")), NamedArgument("other", .tensor("linear0"))],
        outputs: [.tensor("sum")]), at: 2)
    graph.nodes[3]["input"] = .tensor("sum")
    let compactor = try Compactor(graph, tensors)
    #expect(compactor.unitCount == 0)
    #expect(compactor.leftWhole[0].reason.text == "it is changed in place and read under another name")
    graph.nodes[2]["other"] = .tensor("relu0")
    #expect(try Compactor(graph, tensors).unitCount == 4)
    tensors.set("fc1.weight", TensorData([Double](repeating: .nan, count: 8), shape: [4, 2], type: .f64))
    #expect(throws: RecipeError.self) {
      try Compactor(graph, tensors).choose(CompactionRecipe(target: .amount(0.5)))
    }
  }
}
