import Checkpoints

extension ONNXOperators {
  /// Parts of tensors, by places.
  static let indexing: [String: ONNXBuilder.Rule] = [
    "slice": { builder, node in
      let axis = try builder.number(node, "dim", or: 0)
      let x = try input(&builder, node)
      return [
        builder.emit(
          "Slice",
          [
            x, try builder.number(node, tensor: "start", or: 0), try builder.number(node, tensor: "end", or: .max),
            builder.ints([axis]), builder.ints([try builder.number(node, "step", or: 1)]),
          ])
      ]
    },
    "narrow": { builder, node in
      let axis = try builder.number(node, "dim", or: 0)
      let (start, length) = (try builder.number(node, "start", or: 0), try builder.number(node, "length", or: 0))
      return [
        builder.emit(
          "Slice",
          [try input(&builder, node), builder.ints([start]), builder.ints([start + length]), builder.ints([axis])])
      ]
    },
    "select": { builder, node in
      let axis = try builder.number(node, "dim", or: 0)
      let place = builder.int(try builder.number(node, "index", or: 0))
      return [builder.emit("Gather", [try input(&builder, node), place], [.int("axis", axis)])]
    },
    "index_select": { builder, node in
      let axis = try builder.number(node, "dim", or: 0)
      return [
        builder.emit("Gather", [try input(&builder, node), try builder.value(node, "index")], [.int("axis", axis)])
      ]
    },
    "gather": { builder, node in
      let axis = try builder.number(node, "dim", or: 0)
      return [
        builder.emit(
          "GatherElements", [try input(&builder, node), try builder.value(node, "index")], [.int("axis", axis)])
      ]
    },
    "embedding": { builder, node in
      [builder.emit("Gather", [try builder.value(node, "weight"), try builder.value(node, "indices")])]
    },
    "index": index,
  ]

  private static func index(_ builder: inout ONNXBuilder, _ node: Node) throws -> [String] {
    let names: [String?]
    switch node["indices"] {
    case .tensors(let list)?: names = list
    case .optionalTensors(let list)?: names = list
    default: throw ONNXBuilder.Problem("there are no 'indices'")
    }
    let given = names.enumerated().compactMap { place, name in name.map { (place, $0) } }
    guard given.count == 1, let (axis, name) = given.first, builder.type(name)?.dtype?.isWhole == true else {
      throw ONNXBuilder.Problem("places in several dimensions, or a mask")
    }
    return [builder.emit("Gather", [try input(&builder, node), try builder.value(name)], [.int("axis", axis)])]
  }
}
