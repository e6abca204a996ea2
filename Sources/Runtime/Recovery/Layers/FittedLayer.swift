import Graphs
import Torch

/// A linear layer or a convolution of a graph, with what follows it and keeps its channels apart, up to a sum that it goes
/// into: where it is held against the original.
struct FittedLayer {
  /// What a layer's output is held against the original's by.
  enum Reference: Hashable {
    case own, norm, sum
  }

  /// The weight's name in the module.
  let path: String
  /// Its place in the graph's inputs.
  let weight: Int
  /// The bias's place in the graph's inputs; nil for none, or one that is computed.
  let bias: Int?
  /// Whether it has a bias that is computed, or used elsewhere too.
  let hasForeignBias: Bool
  let windows: Windows
  let step: Int
  /// The batch norm that it alone feeds.
  let norm: Int?
  /// The step whose result is compared, and what it is.
  let reference: (step: Int, kind: Reference, factor: Double)
  /// The operator and its module, for messages.
  let operation: String
  let module: String

  /// The layers of a graph in order, and those that are none though they have a weight, with the reason.
  static func all(in model: GraphModule) throws -> (layers: [FittedLayer], skipped: [SkippedLayer]) {
    let plan = try model.currentPlan()
    var inputs: [Int: Int] = [:]
    for (index, slot) in plan.inputs.enumerated() { if let slot { inputs[slot] = index } }
    var uses: [Int: Int] = [:]
    for step in plan.steps { for slot in Set(step.tensors.values) { uses[slot, default: 0] += 1 } }
    let users = StepUsers(plan)
    var (layers, skipped): ([FittedLayer], [SkippedLayer]) = ([], [])
    for (index, step) in plan.steps.enumerated() {
      guard let weight = step.tensors["weight"] ?? step.tensors["mat2"], let place = inputs[weight],
        case .parameter(let path) = model.graph.inputs[place].role
      else {
        continue
      }
      let shape = model.graph.values[model.graph.inputs[place].name]?.tensor?.shape ?? []
      guard let windows = Windows(step.call, weight: shape) else {
        if shape.count > 1, step.call.baseName != "embedding" {
          skipped.append(SkippedLayer(name: path, reason: "\(step.operation) is not refitted"))
        }
        continue
      }
      guard uses[weight] == 1 else {
        skipped.append(SkippedLayer(name: path, reason: "its weight serves several steps"))
        continue
      }
      guard let result = step.results.first, let output = result else { continue }
      let biasSlot = step.tensors["bias"]
      let biasPlace = biasSlot.flatMap { slot in uses[slot] == 1 ? inputs[slot] : nil }
      let chain = Chain(plan, model.graph, users, from: index, output, inputs)
      layers.append(
        FittedLayer(
          path: path, weight: place, bias: biasPlace, hasForeignBias: biasSlot != nil && biasPlace == nil,
          windows: windows, step: index, norm: chain.norm, reference: chain.reference, operation: step.operation,
          module: step.module))
    }
    return (layers, skipped)
  }

  /// What follows a layer.
  private struct Chain {
    var norm: Int?
    var reference: (step: Int, kind: Reference, factor: Double)

    init(
      _ plan: Plan, _ graph: Graph, _ users: StepUsers, from start: Int, _ output: Int, _ inputs: [Int: Int]
    ) {
      func sizes(_ step: Int) -> [SymbolicSize]? {
        plan.steps[step].call.outputNames.first.flatMap { graph.values[$0]?.tensor?.sizes }
      }
      reference = (start, .own, 1)
      var (slot, step) = (output, start)
      while let next = users.only(of: slot, after: step) {
        let found = plan.steps[next]
        guard let result = found.results.first, let following = result else { return }
        switch found.call.baseName {
        case "batch_norm":
          guard norm == nil, found.tensors["input"] == slot,
            ["running_mean", "running_var"].allSatisfy({ found.tensors[$0].map { inputs[$0] != nil } ?? false })
          else { return }
          norm = next
          reference = (next, .norm, 1)
        case "dropout", "dropout_", "alias", "detach", "contiguous", "feature_dropout": break
        case "add", "add_":
          guard let other = found.tensors["other"], let own = found.tensors["self"], own != other,
            sizes(next) == sizes(start)
          else { return }
          var factor = 1.0
          if other == slot {
            switch found.call["alpha"] {
            case nil: break
            case .int(let value)?: factor = Double(value)
            case .float(let value)?: factor = value
            default: return
            }
          }
          reference = (next, .sum, factor)
          return
        default: return
        }
        (slot, step) = (following, next)
      }
    }
  }
}

/// Which steps take each value.
private struct StepUsers {
  private var users: [Int: [Int]] = [:]
  private let outputs: Set<Int>

  init(_ plan: Plan) {
    for (index, step) in plan.steps.enumerated() {
      for slot in Set(step.uses) where !step.results.contains(slot) { users[slot, default: []].append(index) }
    }
    outputs = Set(plan.outputs.compactMap { $0?.slot })
  }

  /// The one step that takes a value; nil where there are several, or where the value leaves the graph.
  func only(of slot: Int, after step: Int) -> Int? {
    guard !outputs.contains(slot), let found = users[slot], found.count == 1, found[0] > step else { return nil }
    return found[0]
  }
}

/// A layer that a step of recovery left as it was.
public struct SkippedLayer: Hashable, Sendable, Codable {
  /// The weight's name in the module.
  public var name: String
  /// Why.
  public var reason: String
}
