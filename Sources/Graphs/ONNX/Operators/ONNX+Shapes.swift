import Checkpoints

extension ONNXOperatorTable {
  /// Operators that put entries into another shape or order.
  mutating func addShapes() {
    add("Reshape", "reshape", limits: "a shape that only data say") { step in
      let x = try step.input(0)
      let wanted = try step.sizes(at: 1, "shape")
      let keepsZeros = step.bool("allowzero")
      var sizes = try wanted.enumerated().map { axis, size in
        guard size == .fixed(0), !keepsZeros else { return size }
        guard axis < x.rank else {
          throw ONNXGraphError.invalid(node: step.lowering.label, problem: "it keeps a dimension that there is not")
        }
        return x.sizes[axis]
      }
      if let open = sizes.firstIndex(of: .fixed(-1)) {
        let rest = SymbolicSize.product(sizes.enumerated().filter { $0.offset != open }.map(\.element))
        try step.require(rest != .fixed(0), "its -1 stands beside an empty dimension")
        sizes[open] = SymbolicSize.product(x.sizes).floorDivided(by: rest)
      }
      // A view that changes nothing is a step all the same where the file says a size, which may become another.
      let saysSizes = wanted.contains { ($0.fixed ?? 0) > 1 }
      step.give(try step.reshape(x, sizes, evenIfSame: saysSizes))
    }
    add("Flatten", "flatten") { step in
      let x = try step.input(0)
      let number = step.int("axis", 1)
      let axis = number < 0 ? number + x.rank : number
      if axis == 1, x.rank > 2 {
        return step.give(
          step.op(
            "flatten.using_ints", ["self": try step.tensor(0), "start_dim": .int(1), "end_dim": .int(-1)], x.type,
            [x.sizes[0], .product(x.sizes[1...])]))
      }
      step.give(try step.reshape(x, [.product(x.sizes[..<axis]), .product(x.sizes[axis...])]))
    }
    add("Squeeze", "squeeze") { step in
      let x = try step.input(0)
      let given = try step.ints("axes", orInput: 1, since: 13)
      let axes: [Int]
      if let given {
        axes = try given.map { try step.axis($0, rank: x.rank) }
      } else {
        try step.require(x.shape != nil, "which of its dimensions are 1 is known only when it runs")
        axes = x.sizes.indices.filter { x.sizes[$0] == .fixed(1) }
      }
      let sizes = x.sizes.enumerated().filter { !axes.contains($0.offset) }.map(\.element)
      if axes.isEmpty { return step.give(x) }
      step.give(step.op("squeeze.dims", ["self": try step.tensor(0), "dim": .ints(axes)], x.type, sizes))
    }
    add("Unsqueeze", "unsqueeze") { step in
      let x = try step.input(0)
      guard let axes = try step.ints("axes", orInput: 1, since: 13) else { throw step.refusal("its axes are left out") }
      let rank = x.rank + axes.count
      var value = x
      for axis in try axes.map({ try step.axis($0, rank: rank) }).sorted() { value = try step.unsqueeze(value, axis) }
      step.give(value)
    }
    add("Transpose", "permute transpose") { step in
      let x = try step.input(0)
      step.give(try step.permute(x, step.ints("perm") ?? Array((0..<x.rank).reversed())))
    }
    add("Expand", "expand", limits: "a shape that only data say") { step in
      let x = try step.input(0)
      let wanted = try step.sizes(at: 1, "shape")
      let sizes = try step.broadcast([x.sizes, wanted])
      let more = sizes.count - x.rank
      // Sizes of 1 leave what is there; those that are there already are said all the same, since the file says them.
      if more == 0, wanted.allSatisfy({ $0 == .fixed(1) }) { return step.give(x) }
      let first = sizes.count - wanted.count
      let arguments = sizes.enumerated().map { axis, size in
        axis >= more && x.sizes[axis - more] == size && (axis < first || wanted[axis - first].fixed ?? 1 == 1)
          ? SymbolicSize.fixed(-1) : size
      }
      step.give(
        step.op("expand", ["self": try step.tensor(0), "size": try step.lowering.argument(arguments)], x.type, sizes))
    }
    add("Tile", "repeat", limits: "repeats that only data say") { step in
      let x = try step.input(0)
      let times = try step.sizes(at: 1, "repeats")
      step.give(
        step.op(
          "repeat", ["self": try step.tensor(0), "repeats": try step.lowering.argument(times)], x.type,
          zip(x.sizes, times).map { $0 * $1 }))
    }
    add("Shape", "") { step in
      let x = try step.input(0)
      let (start, end) = (step.int("start", 0), step.int("end", x.rank))
      let first = min(max(start < 0 ? start + x.rank : start, 0), x.rank)
      let last = min(max(end < 0 ? end + x.rank : end, first), x.rank)
      step.give(
        ONNXValue(known: KnownTensor(Array(x.sizes[first..<last]), shaped: x.name.map { [$0] } ?? [])))
    }
    add("Size", "") { step in
      let x = try step.input(0)
      let count = KnownTensor([.product(x.sizes)], shaped: x.name.map { [$0] } ?? [])
      step.give(ONNXValue(known: count.reshaped([])))
    }
    add("Pad", "constant_pad_nd pad", limits: "amounts that only data say") { try $0.pad() }
    add("DepthToSpace", "reshape permute pixel_shuffle") { step in
      let x = try step.input(0)
      let block = step.int("blocksize", 1)
      guard x.rank == 4, let channels = x.sizes[1].fixed else { throw step.refusal("its input is no batch of images") }
      let (b, s) = (SymbolicSize.fixed(block), x.sizes)
      let kept = SymbolicSize.fixed(channels / (block * block))
      let output = [s[0], kept, s[2] * b, s[3] * b]
      if step.string("mode", "DCR") == "CRD" {
        return step.give(
          step.op("pixel_shuffle", ["self": try step.tensor(0), "upscale_factor": .int(block)], x.type, output))
      }
      let parted = try step.reshape(x, [s[0], b, b, kept, s[2], s[3]])
      step.give(try step.reshape(step.permute(parted, [0, 3, 4, 1, 5, 2]), output))
    }
    add("SpaceToDepth", "reshape permute") { step in
      let x = try step.input(0)
      let block = step.int("blocksize", 1)
      guard x.rank == 4, let channels = x.sizes[1].fixed else { throw step.refusal("its input is no batch of images") }
      let (b, s) = (SymbolicSize.fixed(block), x.sizes)
      let (height, width) = (s[2].floorDivided(by: b), s[3].floorDivided(by: b))
      let isRow = step.string("mode", "DCR") == "DCR"
      let parted = try step.reshape(x, [s[0], s[1], height, b, width, b])
      step.give(
        try step.reshape(
          step.permute(parted, isRow ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]),
          [s[0], .fixed(channels * block * block), height, width]))
    }
    add("Trilu", "triu tril") { step in
      let x = try step.input(0)
      let diagonal = step.isGiven(1) ? try step.ints(at: 1, "k").first ?? 0 : 0
      let target = step.bool("upper", true) ? "triu" : "tril"
      step.give(
        step.op(
          target, ["self": try step.tensor(0), "diagonal": .int(max(min(diagonal, 1 << 30), -(1 << 30)))], x.type,
          x.sizes))
    }
    add("ReverseSequence", "flip cat slice", limits: "lengths that only data say") { step in
      let x = try step.input(0)
      let lengths = try step.ints(at: 1, "sequence_lens")
      let (time, batch) = (step.int("time_axis", 0), step.int("batch_axis", 1))
      guard let steps = x.sizes[time].fixed else { throw step.refusal("its length is known only when it runs") }
      let parts = try lengths.enumerated().map { index, length -> ONNXValue in
        let one = try step.slice(x, batch, index, index + 1)
        let start = try step.slice(one, time, 0, length)
        let turned = step.op(
          "flip", ["self": .tensor(try step.name(start)), "dims": .ints([time])], x.type, start.sizes)
        return length == steps ? turned : try step.cat([turned, step.slice(one, time, length, steps)], time)
      }
      step.give(parts.count == 1 ? parts[0] : try step.cat(parts, batch))
    }
    add("CenterCropPad", "slice constant_pad_nd") { step in
      let x = try step.input(0)
      let axes = try (step.ints("axes") ?? Array(0..<x.rank)).map { try step.axis($0, rank: x.rank) }
      let wanted = try step.ints(at: 1, "shape")
      var value = x
      var (before, after) = ([Int](repeating: 0, count: x.rank), [Int](repeating: 0, count: x.rank))
      for (axis, size) in zip(axes, wanted) {
        guard let old = x.sizes[axis].fixed else { throw step.refusal("its size is known only when it runs") }
        if old > size {
          let start = (old - size) / 2
          value = try step.slice(value, axis, start, start + size)
        } else {
          before[axis] = (size - old) / 2
          after[axis] = size - old - before[axis]
        }
      }
      step.give(try step.padded(value, before, after))
    }
  }
}

extension ONNXStep {
  fileprivate func pad() throws {
    let x = try input(0)
    let mode = string("mode", "constant")
    let given: [Int]
    if opset < 11 { given = ints("pads") ?? ints("paddings") ?? [] } else { given = try ints(at: 1, "pads") }
    var axes = Array(0..<x.rank)
    if opset >= 18, isGiven(3) { axes = try ints(at: 3, "axes").map { try axis($0, rank: x.rank) } }
    try require(given.count == 2 * axes.count, "its padding does not fit its dimensions")
    var (before, after) = ([Int](repeating: 0, count: x.rank), [Int](repeating: 0, count: x.rank))
    for (index, axis) in axes.enumerated() { (before[axis], after[axis]) = (given[index], given[index + axes.count]) }
    if mode == "constant" {
      var value = 0.0
      if opset < 11 { value = float("value", 0) } else if isGiven(2) { value = try real(at: 2, "value") }
      return give(try padded(x, before, after, value: value))
    }
    // Other modes take at most the last dimensions; the others stay.
    let first = zip(before, after).enumerated().first { $0.element != (0, 0) }?.offset ?? x.rank
    guard first < x.rank else { return give(x) }
    // Negative amounts cut off first.
    var value = x
    for axis in 0..<x.rank where before[axis] < 0 || after[axis] < 0 {
      guard let size = x.sizes[axis].fixed else { throw refusal("its size is known only when it runs") }
      value = try slice(value, axis, max(-before[axis], 0), size - max(-after[axis], 0))
      (before[axis], after[axis]) = (max(before[axis], 0), max(after[axis], 0))
    }
    let target = ["reflect": "reflect", "edge": "replicate", "wrap": "circular"][mode]
    guard let target else { throw refusal("its mode is \(mode)") }
    if target == "circular" || x.rank - first > 3 || x.rank < 2 || !x.type.isFloat {
      return give(try paddedByIndices(value, before, after, mode))
    }
    let count = min(max(x.rank - first, 1), 3)
    // Two dimensions stand before those that are padded.
    var sizes = value.sizes
    for axis in 0..<x.rank { sizes[axis] = sizes[axis] + .fixed(before[axis] + after[axis]) }
    let lead = x.rank - count
    var input = value
    if lead != 2 && lead != 1 {
      input = try reshape(value, [.fixed(1), .product(value.sizes[..<lead])] + value.sizes[lead...])
    }
    let padded = op(
      "\(target == "reflect" ? "reflection" : "replication")_pad\(count)d",
      [
        "self": .tensor(try name(input)),
        "padding": .ints((lead..<x.rank).reversed().flatMap { [before[$0], after[$0]] }),
      ], x.type, input.sizes.prefix(input.rank - count) + sizes.suffix(count))
    give(try reshape(padded, sizes))
  }

  /// Entries of the tensor itself around it, by their places.
  private func paddedByIndices(_ x: ONNXValue, _ before: [Int], _ after: [Int], _ mode: String) throws -> ONNXValue {
    var value = x
    for axis in 0..<x.rank where before[axis] > 0 || after[axis] > 0 {
      guard let size = x.sizes[axis].fixed, size > 0 else { throw refusal("its size is known only when it runs") }
      let places = (-before[axis]..<size + after[axis]).map { place -> Int in
        switch mode {
        case "edge": return min(max(place, 0), size - 1)
        case "wrap": return ((place % size) + size) % size
        default:
          if size == 1 { return 0 }
          let period = 2 * (size - 1)
          let turned = ((place % period) + period) % period
          return turned < size ? turned : period - turned
        }
      }
      var sizes = value.sizes
      sizes[axis] = .fixed(places.count)
      value = op(
        "index_select",
        [
          "self": .tensor(try name(value)), "dim": .int(axis),
          "index": .tensor(try name(ONNXValue(known: KnownTensor(places)))),
        ], x.type, sizes)
    }
    return value
  }
}
