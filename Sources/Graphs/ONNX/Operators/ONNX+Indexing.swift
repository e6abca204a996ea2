import Checkpoints

extension ONNXOperatorTable {
  /// Entries looked up and put back by indices.
  mutating func addIndexing() {
    add("Gather", "index_select select embedding index") { step in
      let (x, index) = (try step.input(0), try step.input(1))
      let axis = try step.axis(step.int("axis", 0), rank: x.rank)
      if let known = index.known, let numbers = known.ints, let size = x.sizes[axis].fixed {
        try step.require(numbers.allSatisfy { (-size..<size).contains($0) }, "an index is out of range")
        let places = numbers.map { $0 < 0 ? $0 + size : $0 }
        if index.rank == 0 { return step.give(try step.select(x, axis, places[0])) }
        var chosen = KnownTensor(places)
        chosen.shaped = known.shaped
        if index.rank == 1 {
          // The file's own constant, where it says the same.
          let name = index.type == .i64 && places == numbers ? index : ONNXValue(known: chosen)
          var sizes = x.sizes
          sizes[axis] = .fixed(places.count)
          return step.give(
            step.op(
              "index_select",
              ["self": try step.tensor(0), "dim": .int(axis), "index": .tensor(try step.name(name, input: 1))], x.type,
              sizes))
        }
        let flat = try step.chosen(x, axis, chosen)
        return step.give(
          try step.reshape(flat, Array(x.sizes[..<axis]) + index.sizes + Array(x.sizes[(axis + 1)...])))
      }
      if index.rank == 0, let number = index.known?.ints?.first, number >= 0 || number == -1 {
        return step.give(try step.select(x, axis, number))
      }
      // Counted from the end where they are negative.
      let places = try step.counted(index, x.sizes[axis])
      let sizes = Array(x.sizes[..<axis]) + index.sizes + Array(x.sizes[(axis + 1)...])
      if axis == 0, x.rank == 2, x.isWeight {
        return step.give(
          step.op(
            "embedding", ["weight": try step.tensor(0), "indices": .tensor(try step.name(places))], x.type, sizes))
      }
      let flat = try step.reshape(places, [.product(index.sizes)])
      var middle = x.sizes
      middle[axis] = .product(index.sizes)
      let result = step.op(
        "index_select",
        ["self": try step.tensor(0), "dim": .int(axis), "index": .tensor(try step.name(flat))], x.type, middle)
      step.give(try step.reshape(result, sizes))
    }
    add("GatherElements", "gather") { step in
      let (x, index) = (try step.input(0), try step.input(1))
      let axis = try step.axis(step.int("axis", 0), rank: x.rank)
      let places = try step.counted(index, x.sizes[axis])
      step.give(
        step.op(
          "gather",
          ["self": try step.tensor(0), "dim": .int(axis), "index": .tensor(try step.name(places))], x.type,
          index.sizes))
    }
    add("GatherND", "index_select reshape", limits: "sizes known only when it runs") { step in
      let (x, index) = (try step.input(0), try step.input(1))
      let batch = step.int("batch_dims", 0)
      guard let depth = index.sizes.last?.fixed, let shape = x.shape else {
        throw step.refusal("its sizes are known only when it runs")
      }
      let (flat, places) = try step.flattened(x, index, batch: batch, depth: depth, shape: shape)
      let rest = shape[(batch + depth)...].reduce(1, *)
      let picked = step.op(
        "index_select",
        ["self": .tensor(try step.name(flat)), "dim": .int(0), "index": .tensor(try step.name(places))], x.type,
        [places.sizes[0], .fixed(rest)])
      step.give(
        try step.reshape(picked, Array(index.sizes.dropLast()) + x.sizes[(batch + depth)...]))
    }
    add("ScatterElements Scatter", "scatter scatter_reduce") { step in
      let (x, index, updates) = (try step.input(0), try step.input(1), try step.input(2))
      let axis = try step.axis(step.int("axis", 0), rank: x.rank)
      let places = Argument.tensor(try step.name(step.counted(index, x.sizes[axis])))
      let reduction = step.string("reduction", "none")
      if reduction == "none" {
        return step.give(
          step.op(
            "scatter.src",
            ["self": try step.tensor(0), "dim": .int(axis), "index": places, "src": .tensor(try step.name(updates))],
            x.type, x.sizes))
      }
      guard let kind = ["add": "sum", "mul": "prod", "max": "amax", "min": "amin"][reduction] else {
        throw step.refusal("its reduction is \(reduction)")
      }
      step.give(
        step.op(
          "scatter_reduce.two",
          [
            "self": try step.tensor(0), "dim": .int(axis), "index": places, "src": .tensor(try step.name(updates)),
            "reduce": .string(kind), "include_self": .bool(true),
          ], x.type, x.sizes))
    }
    add("ScatterND", "index_select scatter scatter_reduce", limits: "sizes known only when it runs") { step in
      let (x, index, updates) = (try step.input(0), try step.input(1), try step.input(2))
      guard let depth = index.sizes.last?.fixed, let shape = x.shape else {
        throw step.refusal("its sizes are known only when it runs")
      }
      let reduction = step.string("reduction", "none")
      let (flat, places) = try step.flattened(x, index, batch: 0, depth: depth, shape: shape)
      let rest = shape[depth...].reduce(1, *)
      let source = try step.reshape(updates, [places.sizes[0], .fixed(rest)])
      // The same place in every column.
      let wide = step.op(
        "expand",
        [
          "self": .tensor(try step.name(step.unsqueeze(places, 1))), "size": .ints([-1, rest]),
        ], .i64, [places.sizes[0], .fixed(rest)])
      let arguments: [(String, Argument)] = [
        ("self", .tensor(try step.name(flat))), ("dim", .int(0)), ("index", .tensor(try step.name(wide))),
        ("src", .tensor(try step.name(source))),
      ]
      let result: ONNXValue
      if reduction == "none" {
        result = step.op(
          "scatter.src",
          ["self": arguments[0].1, "dim": .int(0), "index": arguments[2].1, "src": arguments[3].1], x.type, flat.sizes)
      } else {
        guard let kind = ["add": "sum", "mul": "prod", "max": "amax", "min": "amin"][reduction] else {
          throw step.refusal("its reduction is \(reduction)")
        }
        result = step.op(
          "scatter_reduce.two",
          [
            "self": arguments[0].1, "dim": .int(0), "index": arguments[2].1, "src": arguments[3].1,
            "reduce": .string(kind), "include_self": .bool(true),
          ], x.type, flat.sizes)
      }
      step.give(try step.reshape(result, x.sizes))
    }
    add("OneHot", "eq where", limits: "a depth that only data say") { step in
      let index = try step.input(0)
      let depth = try step.known(1, "depth")
      guard let count = depth.ints?.first ?? depth.reals?.first.map({ Int($0) }) else {
        throw step.refusal("its depth is known only when it runs")
      }
      let values = try step.input(2)
      let axis = step.int("axis", -1)
      let place = axis < 0 ? axis + index.rank + 1 : axis
      let whole = try step.cast(index, to: .i64)
      let negative = try step.scalar("lt.Scalar", whole, 0, type: .bool)
      let counted = try step.where(negative, step.scalar("add.Scalar", whole, Double(count)), whole)
      let numbers = try step.reshape(
        ONNXValue(known: KnownTensor(Array(0..<count))),
        (0...index.rank).map { $0 == place ? .fixed(count) : .fixed(1) })
      let isHot = try step.binary("eq.Tensor", step.unsqueeze(counted, place), numbers, type: .bool)
      step.give(
        try step.where(isHot, step.select(values, 0, 1), step.select(values, 0, 0)))
    }
    add("NonZero", "nonzero permute") { step in
      let x = try step.input(0)
      let found = step.op("nonzero", ["self": try step.tensor(0)], .i64, [.fixed(0), .fixed(x.rank)])
      var value = found
      value.sizes[0] = step.newSize(of: found, 0)
      step.lowering.setSizes(value)
      step.give(try step.permute(value, [1, 0]))
    }
    refuse("NonMaxSuppression", "LibTorch has no suppression of overlapping boxes")
    refuse("TensorScatter", "its writing into a ring of places is not followed")
  }
}

extension ONNXStep {
  /// Indices with the negative ones counted from the end.
  func counted(_ index: ONNXValue, _ size: SymbolicSize) throws -> ONNXValue {
    if let known = index.known, let numbers = known.ints {
      if numbers.allSatisfy({ $0 >= 0 }) {
        return index.type == .i64 ? index : ONNXValue(known: KnownTensor(.i64, known.shape, known.entries))
      }
      if let count = size.fixed {
        return ONNXValue(
          known: KnownTensor(.i64, known.shape, numbers.map { .int($0 < 0 ? $0 + count : $0) }))
      }
    }
    let whole = try cast(index, to: .i64)
    let negative = try scalar("lt.Scalar", whole, 0, type: .bool)
    let shifted: ONNXValue
    switch size {
    case .fixed(let count): shifted = try scalar("add.Scalar", whole, Double(count))
    case .symbolic:
      shifted = op(
        "add.Scalar", ["self": .tensor(try name(whole)), "other": try lowering.argument(size)], .i64, whole.sizes)
    }
    return try self.where(negative, shifted, whole)
  }

  /// A tensor as rows, and tuples of indices as numbers of rows.
  fileprivate func flattened(
    _ x: ONNXValue, _ index: ONNXValue, batch: Int, depth: Int, shape: [Int]
  ) throws -> (rows: ONNXValue, places: ONNXValue) {
    try require(batch + depth <= shape.count, "its indices are deeper than its input")
    let (head, middle) = (shape[..<batch].reduce(1, *), Array(shape[batch..<batch + depth]))
    let count = middle.reduce(1, *)
    let rows = try reshape(x, [.fixed(head * count), .fixed(shape[(batch + depth)...].reduce(1, *))])
    let tuples = SymbolicSize.product(index.sizes.dropLast())
    var place: ONNXValue?
    var step = count
    for (axis, size) in middle.enumerated() {
      step /= max(size, 1)
      let one = try select(index, index.rank - 1, axis)
      let counted = try scalar("mul.Scalar", counted(one, .fixed(size)), Double(step))
      place = try place.map { try binary("add.Tensor", $0, counted) } ?? counted
    }
    guard var place else { throw refusal("its indices are empty") }
    if batch > 0 {
      let offsets = KnownTensor(
        .i64, Array(shape[..<batch]) + [Int](repeating: 1, count: index.rank - 1 - batch),
        (0..<head).map { .int($0 * count) })
      place = try binary("add.Tensor", place, ONNXValue(known: offsets))
    }
    return (rows, try reshape(place, [tuples]))
  }
}
