import Graphs
import NN
import Torch

extension GraphModule {
  /// Steps at which taps of inner modules are told what flows into their layers; empty where there are none.
  func taps(in plan: Plan) -> [Int: Plan.Replacement] {
    var tapped: [Int: [InputTap]] = [:]
    for (index, source) in sources.enumerated() {
      guard let slot = plan.inputs[index] else { continue }
      let (module, name): (Module, String)
      switch source {
      case .own(let own): (module, name) = (self, own)
      case .inner(let inner, let own): (module, name) = (inner, own)
      default: continue
      }
      // Of a pruned weight the graph takes the product, under its own name.
      let taps = module.forwardPreHooks.values.compactMap { $0 as? InputTap }.filter { $0.weight == name }
      if !taps.isEmpty { tapped[slot] = taps }
    }
    guard !tapped.isEmpty else { return [:] }
    var looks: [Int: Plan.Replacement] = [:]
    for (index, step) in plan.steps.enumerated() {
      guard let weight = step.tensors["weight"], let taps = tapped[weight], let input = step.tensors["input"],
        let product = LayerInput.Product(step.call)
      else { continue }
      looks[index] = .look { table in
        guard let x = table.tensor(at: input) else { return }
        for tap in taps { tap.tell(LayerInput(x, product)) }
      }
    }
    return looks
  }
}

extension LayerInput.Product {
  /// How a node multiplies its input by its weight; nil for other nodes, and such as pad by a name that is not known.
  fileprivate init?(_ node: Node) {
    let dimensions: Int
    switch node.target {
    case "torch.ops.aten.linear.default":
      self = .linear
      return
    case "torch.ops.aten.conv1d.default", "torch.ops.aten.conv1d.padding": dimensions = 1
    case "torch.ops.aten.conv2d.default", "torch.ops.aten.conv2d.padding": dimensions = 2
    default: return nil
    }
    func list(_ name: String, _ standard: Int) -> [Int]? {
      switch node[name] {
      case nil: Array(repeating: standard, count: dimensions)
      case .ints(let given)? where given.count == dimensions: given
      case .ints(let given)? where given.count == 1: Array(repeating: given[0], count: dimensions)
      default: nil
      }
    }
    guard let stride = list("stride", 1), let dilation = list("dilation", 1) else { return nil }
    let padding: [Int]
    if case .string(let name)? = node["padding"] {
      guard name == "valid" else { return nil }
      padding = Array(repeating: 0, count: dimensions)
    } else {
      guard let given = list("padding", 0) else { return nil }
      padding = given
    }
    let groups: Int
    switch node["groups"] {
    case nil: groups = 1
    case .int(let count)?: groups = count
    default: return nil
    }
    self = .convolution(
      .init(
        stride: stride, dilation: dilation, groups: groups, border: padding.reversed().flatMap { [$0, $0] }))
  }
}
