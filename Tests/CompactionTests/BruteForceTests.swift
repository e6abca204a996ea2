import Checkpoints
import Graphs
import TestSupport
import Testing

@testable import Compaction

/// Tiny networks, of which every set of slices of weights is cut: the smallest sets that can be cut must be the units that
/// the analysis finds, no more and no fewer.
@Suite struct BruteForceTests {
  /// A slice: a weight, a dimension, an index.
  struct Slice: Hashable {
    var weight: String
    var dimension: Int
    var index: Int
  }

  /// A matrix, row by row.
  struct Matrix {
    var rows: Int
    var columns: Int
    var values: [Double]

    func without(_ gone: Set<Int>, dimension: Int) -> Matrix {
      let (r, c) = ((0..<rows), (0..<columns))
      let (keptRows, keptColumns) = (
        dimension == 0 ? r.filter { !gone.contains($0) } : Array(r),
        dimension == 1 ? c.filter { !gone.contains($0) } : Array(c)
      )
      return Matrix(
        rows: keptRows.count, columns: keptColumns.count,
        values: keptRows.flatMap { row in keptColumns.map { values[row * columns + $0] } })
    }

    func zeroed(_ gone: Set<Int>, dimension: Int) -> Matrix {
      var copy = self
      for row in 0..<rows {
        for column in 0..<columns where gone.contains(dimension == 0 ? row : column) {
          copy.values[row * columns + column] = 0
        }
      }
      return copy
    }
  }

  /// A network of linear layers, tanh, sums, products, concatenations and halves, with an evaluator of its own.
  struct Network {
    var graph = Graph(inputs: [], outputs: [], nodes: [], values: [:])
    var weights: [String: Matrix] = [:]
    private var random: SeededGenerator
    private var count = 0
    private static let inputWidth = 2

    init(seed: UInt64) {
      random = SeededGenerator(seed)
      define("x", Self.inputWidth)
      var values = ["x"]
      values.append(linear("x", to: Int.random(in: 2...3, using: &random)))
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let name = values.suffix(3).filter { $0 != "x" }.randomElement(using: &random)!
        switch Int.random(in: 0..<6, using: &random) {
        case 0, 1: values.append(linear(name, to: Int.random(in: 2...3, using: &random)))
        case 2: values.append(step("tanh.default", [("self", .tensor(name))], width(name)))
        case 3:
          let other = values.filter { width($0) == width(name) && $0 != "x" }.randomElement(using: &random)!
          values.append(step("add.Tensor", [("self", .tensor(name)), ("other", .tensor(other))], width(name)))
        case 4:
          let other = values.filter { width($0) == width(name) && $0 != "x" }.randomElement(using: &random)!
          values.append(step("mul.Tensor", [("self", .tensor(name)), ("other", .tensor(other))], width(name)))
        default:
          let other = values.filter { $0 != "x" }.randomElement(using: &random)!
          guard width(name) + width(other) <= 4 else { continue }
          values.append(
            step("cat.default", [("tensors", .tensors([name, other])), ("dim", .int(1))], width(name) + width(other)))
        }
      }
      let last = linear(values[values.count - 1], to: 2)
      graph.inputs.append(Graph.Input(.tensor("x")))
      graph.outputs = [Graph.Output(.tensor(last))]
      graph.removeDeadNodes()
      for path in graph.removeUnusedWeights() { weights[path] = nil }
    }

    private mutating func define(_ name: String, _ width: Int) {
      graph.values[name] = Value(.tensor(TensorType(dtype: .f64, sizes: [.fixed(1), .fixed(width)])))
    }

    private func width(_ name: String) -> Int { graph.values[name]?.tensor?.shape?.last ?? 0 }

    private mutating func step(_ target: String, _ inputs: [(String, Argument)], _ width: Int) -> String {
      count += 1
      let name = "v\(count)"
      graph.nodes.append(
        Node("torch.ops.aten.\(target)", inputs.map { NamedArgument($0.0, $0.1) }, outputs: [.tensor(name)]))
      define(name, width)
      return name
    }

    private mutating func linear(_ input: String, to rows: Int) -> String {
      let (path, name, columns) = ("fc\(count)", "p_fc\(count)", width(input))
      weights[path] = Matrix(
        rows: rows, columns: columns,
        values: (0..<rows * columns).map { _ in Double.random(in: -1...1, using: &random) })
      graph.inputs.append(Graph.Input(.tensor(name), role: .parameter(path)))
      graph.values[name] = Value(.tensor(TensorType(dtype: .f64, sizes: [.fixed(rows), .fixed(columns)])))
      return step("linear.default", [("input", .tensor(input)), ("weight", .tensor(name))], rows)
    }

    /// The output; nil where shapes do not fit.
    func output(_ x: [Double], _ weights: [String: Matrix]) -> [Double]? {
      var values = ["x": x]
      for node in graph.nodes {
        let given = node.inputNames.compactMap { values[$0] }
        let result: [Double]
        switch node.baseName {
        case "linear":
          guard let weight = weights[String(node.inputNames[1].dropFirst(2))], weight.columns == given[0].count else {
            return nil
          }
          result = (0..<weight.rows).map { row in
            (0..<weight.columns).reduce(0) { $0 + weight.values[row * weight.columns + $1] * given[0][$1] }
          }
        // Another function that is odd serves as well.
        case "tanh": result = given[0].map { value in value / (1 + abs(value)) }
        case "cat": result = given[0] + given[1]
        default:
          guard given[0].count == given[1].count else { return nil }
          result = zip(given[0], given[1]).map { node.baseName == "add" ? $0 + $1 : $0 * $1 }
        }
        values[node.outputNames[0]] = result
      }
      return values[graph.outputs[0].argument.names[0]]
    }

    /// The dimensions of weights that are neither the input's nor the output's.
    var dimensions: [(weight: String, dimension: Int, size: Int)] {
      let last = String(graph.nodes[graph.nodes.count - 1].inputNames[1].dropFirst(2))
      return graph.nodes.filter { $0.baseName == "linear" }.flatMap { node in
        let path = String(node.inputNames[1].dropFirst(2))
        let matrix = weights[path]!
        return (node.inputNames[0] == "x" ? [] : [(path, 1, matrix.columns)])
          + (path == last ? [] : [(path, 0, matrix.rows)])
      }
    }
  }

  /// The smallest sets of slices without which the network computes what it computes with zeros in their places.
  private func smallestCuts(_ network: Network) -> Set<Set<Slice>> {
    let dimensions = network.dimensions
    let choices = dimensions.map { dimension -> [Set<Int>] in
      let single = (0..<dimension.size).map { Set([$0]) }
      let double = (0..<dimension.size).flatMap { a in (0..<a).map { Set([a, $0]) } }
      return [[]] + single + double.filter { $0.count < dimension.size }
    }
    var random = SeededGenerator(1)
    let inputs = (0..<4).map { _ in (0..<2).map { _ in Double.random(in: -2...2, using: &random) } }
    var cuts: [Set<Slice>] = []
    var places = [Int](repeating: 0, count: choices.count)
    while true {
      var place = 0
      while place < places.count {
        places[place] += 1
        if places[place] < choices[place].count { break }
        places[place] = 0
        place += 1
      }
      if place == places.count { break }
      var (cut, zeroed) = (network.weights, network.weights)
      for (number, dimension) in dimensions.enumerated() {
        let gone = choices[number][places[number]]
        cut[dimension.weight] = cut[dimension.weight]?.without(gone, dimension: dimension.dimension)
        zeroed[dimension.weight] = zeroed[dimension.weight]?.zeroed(gone, dimension: dimension.dimension)
      }
      let isSame = inputs.allSatisfy { x in
        guard let found = network.output(x, cut), let wanted = network.output(x, zeroed) else { return false }
        return zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-12 }
      }
      guard isSame else { continue }
      cuts.append(
        Set(
          dimensions.enumerated().flatMap { number, dimension in
            choices[number][places[number]].map {
              Slice(weight: dimension.weight, dimension: dimension.dimension, index: $0)
            }
          }))
    }
    cuts.sort { $0.count < $1.count }
    return Set(cuts.filter { cut in !cuts.contains { $0.count < cut.count && $0.isSubset(of: cut) } })
  }

  /// The units of the analysis as slices.
  private func units(_ network: Network) throws -> Set<Set<Slice>> {
    let tensors = network.weights.sorted { $0.key < $1.key }.map {
      (path: $0.key, data: TensorData($0.value.values, shape: [$0.value.rows, $0.value.columns], type: .f64))
    }
    let compactor = try Compactor(network.graph, ModelTensors(tensors))
    var slices = [Set<Slice>](repeating: [], count: compactor.unitCount)
    for (input, dimensions) in compactor.units.weightLabels {
      for (dimension, labels) in dimensions.enumerated() {
        for (index, label) in (labels ?? []).enumerated() {
          let unit = compactor.units.units[Int(compactor.units.classes[Int(label)])]
          if unit >= 0 {
            slices[unit].insert(Slice(weight: input.role.path ?? "", dimension: dimension, index: index))
          }
        }
      }
    }
    return Set(slices)
  }

  @Test func theUnitsAreTheSmallestCuts() throws {
    var (networks, found, wrong) = (0, 0, [UInt64]())
    for seed in 0..<400 as Range<UInt64> where networks < 40 {
      let network = Network(seed: seed)
      // As many sets as can be tried quickly; cuts of three indices of one dimension are not among them.
      let sets = network.dimensions.reduce(1) { $0 * ($1.size == 2 ? 3 : $1.size == 3 ? 7 : 11) }
      let channels = network.dimensions.reduce(0) { $0 + $1.size }
      guard (1...4000).contains(sets), channels <= 24 else { continue }
      let units = try units(network)
      guard
        units.allSatisfy({ unit in
          network.dimensions.allSatisfy { dimension in
            unit.count { $0.weight == dimension.weight && $0.dimension == dimension.dimension }
              <= min(2, dimension.size - 1)
          }
        })
      else { continue }
      networks += 1
      found += units.count
      if smallestCuts(network) != units { wrong.append(seed) }
    }
    #expect(wrong.isEmpty, "seeds \(wrong)")
    #expect(networks == 40 && found > 60)
    print("brute force: \(networks) networks, \(found) units, \(wrong.count) wrong")
  }
}
