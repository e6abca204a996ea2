import Graphs
import Torch

/// How the inputs of a layer become rows, each of which a row of weights is multiplied with.
struct Windows: Hashable {
  /// The extent of the kernel along each dimension; empty for a linear layer.
  var kernel: [Int]
  var stride: [Int]
  /// Before and behind, along each dimension.
  var padding: [(Int, Int)]
  var dilation: [Int]
  var groups: Int

  static func == (a: Windows, b: Windows) -> Bool {
    a.kernel == b.kernel && a.stride == b.stride && a.dilation == b.dilation && a.groups == b.groups
      && a.padding.map(\.0) == b.padding.map(\.0) && a.padding.map(\.1) == b.padding.map(\.1)
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(kernel)
    hasher.combine(stride)
    hasher.combine(groups)
  }

  /// The windows of a call; nil for a step that is no linear layer and no convolution of one to three dimensions.
  init?(_ node: Node, weight: [Int]) {
    guard let name = node.operatorName else { return nil }
    if name == "aten::linear" {
      guard weight.count == 2 else { return nil }
      (kernel, stride, padding, dilation, groups) = ([], [], [], [], 1)
      return
    }
    let counts = ["conv1d": 1, "conv2d": 2, "conv3d": 3]
    guard name.hasPrefix("aten::conv"), let dimensions = counts[node.baseName], weight.count == dimensions + 2 else {
      return nil
    }
    func list(_ name: String, _ standard: Int) -> [Int]? {
      switch node[name] {
      case nil: return [Int](repeating: standard, count: dimensions)
      case .int(let one)?: return [Int](repeating: one, count: dimensions)
      case .ints(let given)?:
        return given.count == dimensions
          ? given : given.count == 1 ? [Int](repeating: given[0], count: dimensions) : nil
      default: return nil
      }
    }
    guard let stride = list("stride", 1), let dilation = list("dilation", 1) else { return nil }
    kernel = Array(weight[2...])
    switch node["padding"] {
    case .string("valid")?: padding = kernel.map { _ in (0, 0) }
    case .string("same")?:
      padding = zip(kernel, dilation).map { size, step in
        let all = step * (size - 1)
        return (all / 2, all - all / 2)
      }
    default:
      guard let given = list("padding", 0) else { return nil }
      padding = given.map { ($0, $0) }
    }
    switch node["groups"] {
    case nil: groups = 1
    case .int(let count)?: groups = count
    default: return nil
    }
    (self.stride, self.dilation) = (stride, dilation)
  }

  /// Whether the layer is linear.
  var isLinear: Bool { kernel.isEmpty }

  /// The dimension of the layer's output along which its channels lie, of so many.
  func channelDimension(rank: Int) -> Int { isLinear ? rank - 1 : rank - kernel.count - 1 }

  /// An output's shape with its batch in front.
  private func batched(_ x: Tensor) -> Tensor { x.rank == kernel.count + 1 ? x.unsqueeze(0) : x }

  /// How many rows an output gives.
  func rowCount(of output: Tensor) -> Int { output.count / max(output.shape[channelDimension(rank: output.rank)], 1) }

  /// The rows of an input in 64 bits, `[groups, rows, inputs of a group]`.
  ///
  /// - Parameter picks: which rows, by their numbers; all where nil.
  func rows(of input: Tensor, picks: Tensor? = nil) -> Tensor {
    if isLinear {
      let rows = input.reshape([-1, input.shape[input.rank - 1]])
      return (picks.map { rows.indexSelect(0, $0) } ?? rows).to(.float64).unsqueeze(0)
    }
    var x = batched(input)
    let dimensions = kernel.count
    let amounts = padding.reversed().flatMap { [$0.0, $0.1] }
    if amounts.contains(where: { $0 != 0 }) { x = x.pad(amounts) }
    for axis in 0..<dimensions {
      let extent = dilation[axis] * (kernel[axis] - 1) + 1
      x = call("unfold", x, axis + 2, extent, stride[axis])
      if dilation[axis] > 1 { x = call("slice.Tensor", x, x.rank - 1, 0, extent, dilation[axis]) }
    }
    // Samples, channels, positions, places in the kernel: positions to the front.
    let positions = (0..<dimensions).map { $0 + 2 }
    let places = (0..<dimensions).map { $0 + 2 + dimensions }
    x = x.permute([0] + positions + [1] + places)
    let (shape, inputs) = (x.shape, x.shape[(1 + dimensions)...].reduce(1, *))
    if let picks {
      var (rest, index) = (picks, [Tensor]())
      for size in shape[1...dimensions].reversed() {
        index.insert(rest % size, at: 0)
        rest = rest.floorDivide(size)
      }
      x = call("index.Tensor", x, [rest] + index)
    }
    let rows = x.reshape([-1, groups, inputs / groups])
    return rows.to(.float64).permute([1, 0, 2]).contiguous()
  }

  /// The rows of an output in 64 bits, `[groups, rows, outputs of a group]`.
  func outputRows(of output: Tensor, picks: Tensor? = nil) -> Tensor {
    let y = isLinear ? output : batched(output).movedim(1, -1)
    var rows = y.reshape([-1, y.shape[y.rank - 1]])
    if let picks { rows = rows.indexSelect(0, picks) }
    let outputs = rows.shape[1]
    return rows.to(.float64).reshape([-1, groups, outputs / groups]).permute([1, 0, 2]).contiguous()
  }
}
