import Checkpoints
import Graphs
import OrderedCollections
import TestSupport

@testable import Compaction

/// A random network of images: layers, branches, sums, concatenations, splits, shuffles, groups, gates, norms, attention.
///
/// All numbers are of 64 bits; the batch is a symbol.
struct RandomModel {
  private(set) var graph = Graph(inputs: [], outputs: [], nodes: [], values: [:])
  private(set) var tensors: [(path: String, data: TensorData)] = []
  private var random: SeededGenerator
  private let batch = SymbolicSize.symbolic(.symbol("s0"), hint: 2)
  private static let side = 4
  /// Values [batch, channels, 4, 4] by name, with their channels.
  private var images: [(name: String, channels: Int)] = []
  private var count = 0

  init(seed: UInt64, layers: Int = 12, widths: [Int] = [2, 4, 6, 8, 12]) {
    random = SeededGenerator(seed)
    graph.inputs.append(Graph.Input(.tensor("x")))
    define("x", [batch, .fixed(3), .fixed(4), .fixed(4)])
    images = [("x", 3)]
    images.append(convolution(images[0], to: widths.randomElement(using: &random)!))
    for _ in 0..<layers { images.append(layer(widths)) }
    finish()
  }

  // MARK: parts

  private mutating func define(_ name: String, _ sizes: [SymbolicSize]) {
    graph.values[name] = Value(.tensor(TensorType(dtype: .f64, sizes: sizes)))
  }

  private mutating func weight(_ path: String, _ shape: [Int], buffer: Bool = false, positive: Bool = false) -> String {
    let name = (buffer ? "b_" : "p_") + path.split(separator: ".").joined(separator: "_")
    let values = (0..<shape.reduce(1, *)).map { _ -> Double in
      let value = Double.random(in: -1...1, using: &random)
      return positive ? abs(value) + 0.5 : value
    }
    tensors.append((path, TensorData(values, shape: shape, type: .f64)))
    graph.inputs.insert(
      Graph.Input(.tensor(name), role: buffer ? .buffer(path, persistent: true) : .parameter(path)),
      at: graph.inputs.count - 1)
    define(name, shape.map(SymbolicSize.fixed))
    return name
  }

  private mutating func node(
    _ target: String, _ inputs: [(String, Argument)], _ sizes: [SymbolicSize]
  ) -> String {
    count += 1
    let name = "\(target.split(separator: ".")[0])_\(count)"
    graph.nodes.append(
      Node(
        "torch.ops.aten.\(target)", inputs.map { NamedArgument($0.0, $0.1) }, outputs: [.tensor(name)],
        metadata: ["nn_module_stack": "m,layer\(count),Layer"], name: name))
    define(name, sizes)
    return name
  }

  private func image(_ channels: Int) -> [SymbolicSize] {
    [batch, .fixed(channels), .fixed(Self.side), .fixed(Self.side)]
  }

  private mutating func one(_ target: String, _ image: (name: String, channels: Int), _ more: [(String, Argument)] = [])
    -> (name: String, channels: Int)
  {
    (node(target, [("self", .tensor(image.name))] + more, self.image(image.channels)), image.channels)
  }

  private mutating func convolution(_ x: (name: String, channels: Int), to channels: Int, groups: Int = 1)
    -> (name: String, channels: Int)
  {
    let kernel = Bool.random(using: &random) ? 1 : 3
    let path = "layer\(count + 1)"
    var inputs: [(String, Argument)] = [
      ("input", .tensor(x.name)),
      ("weight", .tensor(weight("\(path).weight", [channels, x.channels / groups, kernel, kernel]))),
    ]
    if Bool.random(using: &random) {
      inputs.append(("bias", .tensor(weight("\(path).bias", [channels]))))
    } else {
      inputs.append(("bias", .none))
    }
    inputs += [
      ("stride", .ints([1, 1])), ("padding", .ints([kernel / 2, kernel / 2])), ("dilation", .ints([1, 1])),
      ("groups", .int(groups)),
    ]
    return (node("conv2d.default", inputs, image(channels)), channels)
  }

  private mutating func layer(_ widths: [Int]) -> (name: String, channels: Int) {
    let x = images.suffix(6).randomElement(using: &random)!
    func divisors(_ number: Int) -> [Int] { (1...number).filter { number % $0 == 0 } }
    switch Int.random(in: 0..<18, using: &random) {
    case 0...3: return convolution(x, to: widths.randomElement(using: &random)!)
    case 4:
      let groups = divisors(x.channels).randomElement(using: &random)!
      return convolution(x, to: groups * Int.random(in: 1...3, using: &random), groups: groups)
    case 5:
      let path = "layer\(count + 1)"
      return one(
        "batch_norm.default", x,
        [
          ("weight", .tensor(weight("\(path).weight", [x.channels]))),
          ("bias", .tensor(weight("\(path).bias", [x.channels]))),
          ("running_mean", .tensor(weight("\(path).running_mean", [x.channels], buffer: true))),
          ("running_var", .tensor(weight("\(path).running_var", [x.channels], buffer: true, positive: true))),
          ("training", .bool(false)), ("momentum", .float(0.1)), ("eps", .float(1e-5)), ("cudnn_enabled", .bool(false)),
        ], named: "input")
    case 6: return one(["relu.default", "sigmoid.default", "tanh.default"].randomElement(using: &random)!, x)
    case 7, 8, 9:
      let others = images.filter { $0.channels == x.channels }
      let other = others.randomElement(using: &random)!
      let target = Bool.random(using: &random) ? "add.Tensor" : "mul.Tensor"
      return one(target, x, [("other", .tensor(other.name))])
    case 10:
      let parts = (0..<Int.random(in: 2...3, using: &random)).map { _ in images.randomElement(using: &random)! }
      let channels = parts.reduce(0) { $0 + $1.channels }
      guard channels <= 24 else { return x }
      return (
        node("cat.default", [("tensors", .tensors(parts.map(\.name))), ("dim", .int(1))], image(channels)), channels
      )
    case 11:
      let groups = divisors(x.channels).randomElement(using: &random)!
      let width = x.channels / groups
      let parted = node(
        "view.default", [("self", .tensor(x.name)), ("size", .ints([-1, groups, width, 4, 4]))],
        [batch, .fixed(groups), .fixed(width), .fixed(4), .fixed(4)])
      let turned = node(
        "transpose.int", [("self", .tensor(parted)), ("dim0", .int(1)), ("dim1", .int(2))],
        [batch, .fixed(width), .fixed(groups), .fixed(4), .fixed(4)])
      return (
        node(
          "reshape.default", [("self", .tensor(turned)), ("shape", .ints([-1, x.channels, 4, 4]))], image(x.channels)),
        x.channels
      )
    case 12:
      let start = Int.random(in: 0..<x.channels, using: &random)
      let end = Int.random(in: start + 1...x.channels, using: &random)
      return (
        node(
          "slice.Tensor", [("self", .tensor(x.name)), ("dim", .int(1)), ("start", .int(start)), ("end", .int(end))],
          image(end - start)), end - start
      )
    case 13:
      let sum = node(
        "mean.dim", [("self", .tensor(x.name)), ("dim", .ints([2, 3])), ("keepdim", .bool(true))],
        [batch, .fixed(x.channels), .fixed(1), .fixed(1)])
      let gate = node("sigmoid.default", [("self", .tensor(sum))], [batch, .fixed(x.channels), .fixed(1), .fixed(1)])
      return one("mul.Tensor", x, [("other", .tensor(gate))])
    case 14: return layerNorm(x)
    case 15:
      let groups = divisors(x.channels).randomElement(using: &random)!
      let path = "layer\(count + 1)"
      return one(
        "group_norm.default", x,
        [
          ("num_groups", .int(groups)), ("weight", .tensor(weight("\(path).weight", [x.channels]))),
          ("bias", .tensor(weight("\(path).bias", [x.channels]))), ("eps", .float(1e-5)),
        ], named: "input")
    case 16:
      let mean = node(
        "mean.dim", [("self", .tensor(x.name)), ("dim", .ints([1])), ("keepdim", .bool(true))],
        [batch, .fixed(1), .fixed(4), .fixed(4)])
      return one("mul.Tensor", x, [("other", .tensor(mean))])
    default: return attention(x)
    }
  }

  private mutating func one(
    _ target: String, _ x: (name: String, channels: Int), _ more: [(String, Argument)], named: String
  ) -> (name: String, channels: Int) {
    (node(target, [(named, .tensor(x.name))] + more, image(x.channels)), x.channels)
  }

  private mutating func layerNorm(_ x: (name: String, channels: Int)) -> (name: String, channels: Int) {
    let last = [batch, .fixed(4), .fixed(4), SymbolicSize.fixed(x.channels)]
    let path = "layer\(count + 1)"
    let turned = node("permute.default", [("self", .tensor(x.name)), ("dims", .ints([0, 2, 3, 1]))], last)
    let normed = node(
      "layer_norm.default",
      [
        ("input", .tensor(turned)), ("normalized_shape", .ints([x.channels])),
        ("weight", .tensor(weight("\(path).weight", [x.channels]))),
        ("bias", .tensor(weight("\(path).bias", [x.channels]))),
      ], last)
    return (
      node("permute.default", [("self", .tensor(normed)), ("dims", .ints([0, 3, 1, 2]))], image(x.channels)), x.channels
    )
  }

  /// Heads over the 16 places of an image.
  private mutating func attention(_ x: (name: String, channels: Int)) -> (name: String, channels: Int) {
    let (heads, size) = ([1, 2, 3].randomElement(using: &random)!, [2, 3, 4].randomElement(using: &random)!)
    let width = heads * size
    let rows: [SymbolicSize] = [batch, .fixed(16), .fixed(width)]
    let split: [SymbolicSize] = [batch, .fixed(heads), .fixed(16), .fixed(size)]
    let flat = node(
      "view.default", [("self", .tensor(x.name)), ("size", .ints([-1, x.channels, 16]))],
      [batch, .fixed(x.channels), .fixed(16)])
    let tokens = node(
      "transpose.int", [("self", .tensor(flat)), ("dim0", .int(1)), ("dim1", .int(2))],
      [batch, .fixed(16), .fixed(x.channels)])
    func part(_ letter: String, _ model: inout RandomModel) -> String {
      let path = "layer\(model.count + 1).\(letter)"
      let weight = model.weight("\(path).weight", [width, x.channels])
      let linear = model.node(
        "linear.default", [("input", .tensor(tokens)), ("weight", .tensor(weight))], rows)
      let parted = model.node(
        "view.default", [("self", .tensor(linear)), ("size", .ints([-1, 16, heads, size]))],
        [model.batch, .fixed(16), .fixed(heads), .fixed(size)])
      return model.node("transpose.int", [("self", .tensor(parted)), ("dim0", .int(1)), ("dim1", .int(2))], split)
    }
    let (q, k, v) = (part("q", &self), part("k", &self), part("v", &self))
    let mixed = node(
      "scaled_dot_product_attention.default", [("query", .tensor(q)), ("key", .tensor(k)), ("value", .tensor(v))], split
    )
    let turned = node(
      "transpose.int", [("self", .tensor(mixed)), ("dim0", .int(1)), ("dim1", .int(2))],
      [batch, .fixed(16), .fixed(heads), .fixed(size)])
    let joined = node("reshape.default", [("self", .tensor(turned)), ("shape", .ints([-1, 16, width]))], rows)
    let back = node(
      "transpose.int", [("self", .tensor(joined)), ("dim0", .int(1)), ("dim1", .int(2))],
      [batch, .fixed(width), .fixed(16)])
    return (node("view.default", [("self", .tensor(back)), ("size", .ints([-1, width, 4, 4]))], image(width)), width)
  }

  /// One output that depends on the last values: a convolution, or a linear layer on all entries.
  private mutating func finish() {
    let x = images[images.count - 1]
    let joined = images.suffix(3).filter { $0.channels == x.channels }.dropLast().last
    var last = x
    if let joined { last = one("add.Tensor", x, [("other", .tensor(joined.name))]) }
    let output: String
    if Bool.random(using: &random) {
      output = convolution(last, to: 3).name
    } else {
      let flat = node(
        "flatten.using_ints", [("self", .tensor(last.name)), ("start_dim", .int(1))],
        [batch, .fixed(last.channels * 16)])
      output = node(
        "linear.default",
        [("input", .tensor(flat)), ("weight", .tensor(weight("head.weight", [3, last.channels * 16])))],
        [batch, .fixed(3)])
    }
    graph.outputs = [Graph.Output(.tensor(output))]
    graph.removeDeadNodes()
    let unused = Set(graph.removeUnusedWeights())
    tensors.removeAll { unused.contains($0.path) }
  }

  /// The tensors with some outputs of layers, and some scales and shifts, set to 0.
  func withDeadChannels(seed: UInt64) -> [(path: String, data: TensorData)] {
    var random = SeededGenerator(seed)
    var dead: [String: [Int]] = [:]
    return tensors.map { path, data in
      guard path.hasSuffix(".weight") || path.hasSuffix(".bias"), let count = data.shape.first else {
        return (path, data)
      }
      let stem = path.split(separator: ".").dropLast().joined(separator: ".")
      if dead[stem] == nil { dead[stem] = (0..<count).filter { _ in Int.random(in: 0..<3, using: &random) == 0 } }
      // A bias stays in half of the layers.
      if path.hasSuffix(".bias"), Bool.random(using: &random) { return (path, data) }
      return (path, data.clearing((dead[stem] ?? []).filter { $0 < count }, along: 0))
    }
  }
}
