import Checkpoints

extension ONNXOperators {
  /// Tensors put together, taken apart, shifted and padded.
  static let joins: [String: ONNXBuilder.Rule] = [
    "cat": { builder, node in
      guard case .tensors(let names)? = node["tensors"], let first = names.first else {
        throw ONNXBuilder.Problem("there are no 'tensors'")
      }
      let rank = builder.type(first)?.sizes.count ?? 0
      let axis = try builder.dimension(node, "dim", rank: rank, or: 0)
      var parts: [String] = []
      for name in names {
        parts.append(try cast(&builder, try builder.value(name), builder.type(name)?.dtype, to: node))
      }
      return [parts.count == 1 ? parts[0] : builder.emit("Concat", parts, [.int("axis", axis)])]
    },
    "stack": { builder, node in
      guard case .tensors(let names)? = node["tensors"], let first = names.first else {
        throw ONNXBuilder.Problem("there are no 'tensors'")
      }
      let axis = try builder.dimension(node, "dim", rank: (builder.type(first)?.sizes.count ?? 0) + 1, or: 0)
      var parts: [String] = []
      for name in names { parts.append(builder.emit("Unsqueeze", [try builder.value(name), builder.ints([axis])])) }
      return [builder.emit("Concat", parts, [.int("axis", axis)])]
    },
    "chunk": { builder, node in
      let chunks = try builder.number(node, "chunks", or: 1)
      return try split(&builder, node) { size in (size + chunks - 1) / chunks }
    },
    "split": { builder, node in
      let each = try builder.number(node, "split_size", or: 1)
      return try split(&builder, node) { _ in each }
    },
    "split_with_sizes": { builder, node in
      let axis = try builder.dimension(node, "dim", rank: try builder.rank(node, "self"), or: 0)
      let sizes = try builder.numbers(node, "split_sizes") ?? []
      return builder.emit(
        "Split", [try input(&builder, node), builder.ints(sizes)], [.int("axis", axis)], count: sizes.count)
    },
    "unbind": { builder, node in
      let axis = try builder.dimension(node, "dim", rank: try builder.rank(node, "self"), or: 0)
      let x = try input(&builder, node)
      return node.outputNames.indices.map { builder.emit("Gather", [x, builder.int($0)], [.int("axis", axis)]) }
    },
    "roll": roll, "pad": pad, "constant_pad_nd": pad,
  ]

  private static func split(
    _ builder: inout ONNXBuilder, _ node: Node, _ each: (Int) -> Int
  ) throws -> [String] {
    let axis = try builder.dimension(node, "dim", rank: try builder.rank(node, "self"), or: 0)
    guard let size = builder.type(node, "self")?.sizes[axis].fixed else {
      throw ONNXBuilder.Problem("the size that is divided is not known")
    }
    let step = max(1, each(size))
    let sizes = stride(from: 0, to: size, by: step).map { min(step, size - $0) }
    let x = try input(&builder, node)
    return sizes.count == 1
      ? [x] : builder.emit("Split", [x, builder.ints(sizes)], [.int("axis", axis)], count: sizes.count)
  }

  private static func roll(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    let sizes = builder.type(node, "self")?.sizes ?? []
    var x = try input(&builder, node)
    let (shifts, axes) = (try builder.numbers(node, "shifts") ?? [], try builder.numbers(node, "dims") ?? [])
    guard !axes.isEmpty, axes.count == shifts.count else { throw ONNXBuilder.Problem("a shift of all entries") }
    for (shift, axis) in zip(shifts, axes.map({ builder.dimension($0, rank: sizes.count) })) {
      guard let size = sizes[axis].fixed, size > 0 else {
        throw ONNXBuilder.Problem("the size that is shifted is not known")
      }
      let cut = ((size - shift) % size + size) % size
      guard cut != 0 else { continue }
      let at = builder.ints([axis])
      let back = builder.emit("Slice", [x, builder.ints([cut]), builder.ints([size]), at])
      let front = builder.emit("Slice", [x, builder.ints([0]), builder.ints([cut]), at])
      x = builder.emit("Concat", [back, front], [.int("axis", axis)])
    }
    return [x]
  }

  private static func pad(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    let rank = try builder.rank(node, "self")
    let given = try builder.numbers(node, "pad") ?? []
    let x = try input(&builder, node)
    guard given.contains(where: { $0 != 0 }) else { return [x] }
    var pads = [Int](repeating: 0, count: 2 * rank)
    for index in 0..<given.count / 2 {
      pads[rank - 1 - index] = given[2 * index]
      pads[2 * rank - 1 - index] = given[2 * index + 1]
    }
    var mode = "constant"
    if case .string(let name)? = node["mode"] { mode = name }
    let modes = ["constant": "constant", "reflect": "reflect", "replicate": "edge"]
    guard let mode = modes[mode] else { throw ONNXBuilder.Problem("padding by '\(mode)'") }
    let value = try builder.scalar(try builder.real(node, "value", or: 0), type(builder, node))
    return [builder.emit("Pad", [x, builder.ints(pads), value], [.string("mode", mode)])]
  }
}
