import Graphs
import SparseKernels
import Torch

/// The ways in which the layers of a graph are computed, and what they make of its steps.
final class GraphAcceleration {
  let plan: AccelerationPlan
  let replacements: [Int: Plan.Replacement]
  let watched: WatchedLayers

  init(_ plan: AccelerationPlan, _ replacements: [Int: Plan.Replacement], _ watched: WatchedLayers) {
    (self.plan, self.replacements, self.watched) = (plan, replacements, watched)
  }
}

/// A linear layer or a convolution among the steps of a graph, with the norm and the activation that only it feeds; or a
/// pool.
struct GraphLayer {
  let step: Int
  private let call: Call
  let input: Int
  let output: Int
  /// The steps that the layer's kernel does too.
  let skipped: [Int]
  let norm: Int?
  let activation: Activation
  private let plan: Plan

  /// All layers of a graph, in order.
  static func all(in plan: Plan) -> [GraphLayer] { plan.steps.indices.compactMap { GraphLayer(plan, $0) } }

  private init?(_ plan: Plan, _ index: Int) {
    let step = plan.steps[index]
    guard let call = Call(step.call), let input = step.tensors[call.inputName], let result = step.results.first,
      let own = result
    else { return nil }
    if !call.isPool {
      guard let weight = step.tensors["weight"], plan.weights.contains(weight),
        step.tensors["bias"].map(plan.weights.contains) ?? true
      else { return nil }
    }
    (self.plan, self.step, self.call, self.input) = (plan, index, call, input)
    var (output, skipped, norm, activation) = (own, [Int](), Int?.none, Activation.identity)
    if let next = Self.onlyUser(of: output, after: index, plan), call.isConvolution,
      Self.isNorm(plan.steps[next], plan), plan.steps[next].tensors["input"] == output,
      let result = plan.steps[next].results.first, let slot = result
    {
      (output, norm) = (slot, next)
      skipped.append(next)
    }
    if let next = Self.onlyUser(of: output, after: index, plan), !call.isPool,
      let found = Self.activation(plan.steps[next]),
      let result = plan.steps[next].results.first, let slot = result
    {
      (output, activation) = (slot, found)
      skipped.append(next)
    }
    (self.output, self.skipped, self.norm, self.activation) = (output, skipped, norm, activation)
  }

  /// The slots of the weights that its kernel is made of.
  var weights: Set<Int> {
    let steps = [step] + (norm.map { [$0] } ?? [])
    return Set(steps.flatMap { plan.steps[$0].tensors.values }.filter(plan.weights.contains))
  }

  /// The layer with its tensors, as a run has them; nil where one is not there.
  func operation(_ table: ValueTable) -> LayerOperation? {
    let step = plan.steps[step]
    func tensor(_ name: String, of step: Plan.Step) -> Tensor? {
      step.tensors[name].flatMap { table.tensor(at: $0) }?.detach()
    }
    if case .maxPool(let pool) = call {
      return LayerOperation(path: step.module, kind: .maxPool(pool), weight: Tensor.empty([0]))
    }
    guard let weight = tensor("weight", of: step), let kind = call.kind(weight.shape) else { return nil }
    var operation = LayerOperation(
      path: step.module, kind: kind, weight: weight, bias: tensor("bias", of: step), activation: activation)
    if let norm {
      let step = plan.steps[norm]
      guard let mean = tensor("running_mean", of: step), let variance = tensor("running_var", of: step) else {
        return nil
      }
      let epsilon = if case .float(let value)? = step.call["eps"] { value } else { 1e-5 }
      operation.norm = .init(
        weight: tensor("weight", of: step), bias: tensor("bias", of: step), mean: mean, variance: variance,
        epsilon: epsilon)
    }
    return operation
  }

  /// The one step that takes a value; nil where there are several, or where the value leaves the graph.
  private static func onlyUser(of slot: Int, after index: Int, _ plan: Plan) -> Int? {
    if plan.outputs.contains(where: { $0?.slot == slot }) { return nil }
    let users = plan.steps.indices.filter {
      plan.steps[$0].uses.contains(slot) && !plan.steps[$0].results.contains(slot)
    }
    return users.count == 1 && users[0] > index ? users[0] : nil
  }

  private static func isNorm(_ step: Plan.Step, _ plan: Plan) -> Bool {
    step.call.baseName == "batch_norm"
      && ["weight", "bias", "running_mean", "running_var"].allSatisfy { name in
        step.tensors[name].map(plan.weights.contains) ?? !name.hasPrefix("running")
      }
  }

  private static func activation(_ step: Plan.Step) -> Activation? {
    switch step.call.target {
    case "torch.ops.aten.relu.default", "torch.ops.aten.relu_.default": .relu
    case "torch.ops.aten.silu.default", "torch.ops.aten.silu_.default": .silu
    case "torch.ops.aten.gelu.default":
      switch step.call["approximate"] {
      case nil, .string("none")?: .gelu
      default: nil
      }
    default: nil
    }
  }

  /// The call of a layer, without the sizes that its weight has.
  private enum Call {
    case linear
    case convolution(
      dimensions: Int, stride: ConvolutionShape.Pair, padding: ConvolutionShape.Pair, dilation: ConvolutionShape.Pair,
      groups: Int)
    case maxPool(LayerOperation.MaxPool)

    init?(_ node: Node) {
      switch node.target {
      case "torch.ops.aten.max_pool2d.default":
        func list(_ name: String, _ standard: [Int]) -> [Int]? {
          switch node[name] {
          case nil: standard
          case .ints(let given)?: given
          default: nil
          }
        }
        let ceilMode: Bool
        switch node["ceil_mode"] {
        case nil: ceilMode = false
        case .bool(let value)?: ceilMode = value
        default: return nil
        }
        guard let size = list("kernel_size", []), !size.isEmpty, let stride = list("stride", size),
          let padding = list("padding", [0]), let dilation = list("dilation", [1])
        else { return nil }
        self = .maxPool(
          .init(
            size: size, stride: stride.isEmpty ? size : stride, padding: padding, dilation: dilation,
            ceilMode: ceilMode))
      case "torch.ops.aten.linear.default": self = .linear
      case "torch.ops.aten.conv1d.default", "torch.ops.aten.conv2d.default":
        let dimensions = node.baseName == "conv1d" ? 1 : 2
        func pair(_ name: String, _ standard: Int) -> ConvolutionShape.Pair? {
          let list: [Int]
          switch node[name] {
          case nil: list = [standard]
          case .ints(let given)?: list = given
          default: return nil
          }
          guard let last = list.last, list.count <= dimensions else { return nil }
          // Of one dimension, the height is 1 throughout.
          return .init(dimensions == 1 ? (name == "padding" ? 0 : 1) : list[0], last)
        }
        guard let stride = pair("stride", 1), let padding = pair("padding", 0), let dilation = pair("dilation", 1)
        else {
          return nil
        }
        let groups: Int
        switch node["groups"] {
        case nil: groups = 1
        case .int(let value)?: groups = value
        default: return nil
        }
        self = .convolution(
          dimensions: dimensions, stride: stride, padding: padding, dilation: dilation, groups: groups)
      default: return nil
      }
    }

    var isPool: Bool { if case .maxPool = self { true } else { false } }
    /// The name of the argument that is the layer's input.
    var inputName: String { isPool ? "self" : "input" }
    var isConvolution: Bool { if case .convolution = self { true } else { false } }

    func kind(_ weight: [Int]) -> LayerOperation.Kind? {
      switch self {
      case .linear: return weight.count == 2 ? .linear : nil
      case .maxPool(let pool): return .maxPool(pool)
      case .convolution(let dimensions, let stride, let padding, let dilation, let groups):
        guard weight.count == dimensions + 2 else { return nil }
        let shape = try? ConvolutionShape(
          inputs: weight[1] * groups, outputs: weight[0],
          kernel: .init(dimensions == 1 ? 1 : weight[2], weight[weight.count - 1]), stride: stride, padding: padding,
          dilation: dilation, groups: groups)
        return shape.map { .convolution($0, dimensions: dimensions) }
      }
    }
  }
}
