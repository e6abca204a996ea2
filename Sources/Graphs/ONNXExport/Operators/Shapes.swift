import Checkpoints

extension ONNXOperators {
  /// Other shapes and orders of dimensions for the same entries.
  static let shapes: [String: ONNXBuilder.Rule] = [
    "view": { try reshape("size", &$0, $1) }, "_unsafe_view": { try reshape("size", &$0, $1) },
    "reshape": { try reshape("shape", &$0, $1) }, "flatten": flatten, "unflatten": unflatten,
    "unsqueeze": { builder, node in
      let axis = try builder.dimension(node, "dim", rank: try builder.rank(node, "self") + 1, or: 0)
      return [builder.emit("Unsqueeze", [try input(&builder, node), builder.ints([axis])])]
    },
    "squeeze": squeeze,
    "transpose": { builder, node in try transpose(&builder, node, "dim0", "dim1") },
    "swapaxes": { builder, node in try transpose(&builder, node, "axis0", "axis1") },
    "permute": { builder, node in
      let rank = try builder.rank(node, "self")
      let order = try builder.numbers(node, "dims") ?? []
      return [
        builder.emit(
          "Transpose", [try input(&builder, node)], [.ints("perm", order.map { builder.dimension($0, rank: rank) })])
      ]
    },
    "t": { builder, node in
      let rank = try builder.rank(node, "self")
      return [builder.emit("Transpose", [try input(&builder, node)], [.ints("perm", Array((0..<rank).reversed()))])]
    },
    "expand": { builder, node in
      guard case .symbolicInts(let list)? = node["size"].map({ $0.symbolic }) else {
        throw ONNXBuilder.Problem("there is no 'size'")
      }
      // Where a size stays, 1 does: it is broadcast to what is there.
      let sizes = list.map { $0 == .constant(-1) ? .constant(1) : $0 }
      return [builder.emit("Expand", [try input(&builder, node), try builder.sizes(sizes)])]
    },
    "expand_as": { builder, node in
      let x = try input(&builder, node)
      return [builder.emit("Expand", [x, builder.emit("Shape", [try builder.value(node, "other")])])]
    },
    "view_as": { builder, node in
      let x = try input(&builder, node)
      return [builder.emit("Reshape", [x, builder.emit("Shape", [try builder.value(node, "other")])])]
    },
    "repeat": { builder, node in
      let rank = try builder.rank(node, "self")
      guard case .symbolicInts(let list)? = node["repeats"].map({ $0.symbolic }) else {
        throw ONNXBuilder.Problem("there is no 'repeats'")
      }
      var x = try input(&builder, node)
      if list.count > rank { x = builder.emit("Unsqueeze", [x, builder.ints(Array(0..<list.count - rank))]) }
      return [builder.emit("Tile", [x, try builder.sizes(list)])]
    },
  ]

  private static func reshape(
    _ argument: String, _ builder: inout ONNXBuilder, _ node: Node
  ) throws -> [String] {
    [builder.emit("Reshape", [try input(&builder, node), try builder.sizes(node, argument, isReshape: true)])]
  }

  private static func flatten(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    let rank = try builder.rank(node, "self")
    let x = try input(&builder, node)
    if rank == 0 { return [builder.emit("Reshape", [x, builder.ints([-1])])] }
    let start = try builder.dimension(node, "start_dim", rank: rank, or: 0)
    let end = try builder.dimension(node, "end_dim", rank: rank, or: -1)
    if start == 1, end == rank - 1 { return [builder.emit("Flatten", [x], [.int("axis", 1)])] }
    guard let sizes = builder.type(node, "self")?.sizes else { throw ONNXBuilder.Problem("the shape is not known") }
    // 0 stands for a size that stays.
    var shape = Array(repeating: 0, count: start) + [-1]
    for size in sizes[(end + 1)...] {
      guard let fixed = size.fixed else { throw ONNXBuilder.Problem("a size behind that is not known") }
      shape.append(fixed)
    }
    return [builder.emit("Reshape", [x, builder.ints(shape)])]
  }

  private static func unflatten(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    let rank = try builder.rank(node, "self")
    let axis = try builder.dimension(node, "dim", rank: rank, or: 0)
    guard let sizes = builder.type(node, "self")?.sizes, let parts = try builder.numbers(node, "sizes") else {
      throw ONNXBuilder.Problem("the shape is not known")
    }
    var shape = Array(repeating: 0, count: axis) + parts
    for size in sizes[(axis + 1)...] {
      guard let fixed = size.fixed else { throw ONNXBuilder.Problem("a size behind that is not known") }
      shape.append(fixed)
    }
    return [builder.emit("Reshape", [try input(&builder, node), builder.ints(shape)])]
  }

  private static func squeeze(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    let x = try input(&builder, node)
    guard let sizes = builder.type(node, "self")?.sizes else { throw ONNXBuilder.Problem("the shape is not known") }
    let asked = try builder.numbers(node, "dim")?.map { builder.dimension($0, rank: sizes.count) }
    let axes = (asked ?? Array(sizes.indices)).filter { sizes.indices.contains($0) && sizes[$0].fixed == 1 }
    return axes.isEmpty ? [x] : [builder.emit("Squeeze", [x, builder.ints(axes)])]
  }

  private static func transpose(
    _ builder: inout ONNXBuilder, _ node: Node, _ first: String, _ second: String
  ) throws -> [String] {
    let rank = try builder.rank(node, "self")
    var order = Array(0..<rank)
    order.swapAt(
      try builder.dimension(node, first, rank: rank, or: 0), try builder.dimension(node, second, rank: rank, or: 0))
    return [builder.emit("Transpose", [try input(&builder, node)], [.ints("perm", order)])]
  }
}

extension Argument {
  /// Whole numbers as numbers that may be computed.
  var symbolic: Argument {
    switch self {
    case .int(let value): .symbolicInts([.constant(value)])
    case .ints(let list): .symbolicInts(list.map { .constant($0) })
    default: self
    }
  }
}
