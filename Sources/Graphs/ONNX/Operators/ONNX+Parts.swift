import Checkpoints
import ONNXFormat

extension ONNXOperatorTable {
  /// Operators that put tensors together and take them apart.
  mutating func addParts() {
    add("Concat", "cat") { step in
      let values = try (0..<step.inputCount).map(step.input)
      guard let first = values.first else { throw step.refusal("it takes nothing") }
      let axis = try step.axis(step.int("axis", 1), rank: first.rank)
      if values.count == 1 { return step.give(first) }
      step.give(try step.cat(values, axis))
    }
    add("Split", "split_with_sizes split", limits: "sizes that only data say") { step in
      let x = try step.input(0)
      let axis = try step.axis(step.int("axis", 0), rank: x.rank)
      var sizes: [SymbolicSize] = []
      if step.opset < 13, let given = step.ints("split") {
        sizes = given.map(SymbolicSize.fixed)
      } else if step.opset >= 13, step.isGiven(1) {
        sizes = try step.sizes(at: 1, "split")
      } else {
        let count = step.int("num_outputs", step.node.output.count)
        if let size = x.sizes[axis].fixed {
          let part = (size + count - 1) / count
          sizes = (0..<count).map { .fixed(max(0, min(part, size - $0 * part))) }
        } else if let part = x.sizes[axis].exactlyDivided(by: .fixed(count)) {
          sizes = [SymbolicSize](repeating: part, count: count)
        } else {
          throw step.refusal("its parts are of sizes that are known only when it runs")
        }
      }
      let parts = step.ops(
        "split_with_sizes",
        [
          "self": try step.tensor(0), "split_sizes": try step.lowering.argument(sizes), "dim": .int(axis),
        ],
        sizes.map { size in
          var shape = x.sizes
          shape[axis] = size
          return (x.type, shape)
        }, isList: true)
      for (index, part) in parts.enumerated() where index < step.node.output.count { step.give(part, at: index) }
    }
    add("Slice", "slice flip", limits: "ends that only data say") { try $0.sliced() }
    add("Compress", "index_select", limits: "conditions that only data say") { step in
      let x = try step.input(0)
      let condition = try step.ints(at: 1, "condition")
      let chosen = condition.indices.filter { condition[$0] != 0 }
      let (value, axis) =
        step.has("axis")
        ? (x, try step.axis(step.int("axis", 0), rank: x.rank)) : (try step.reshape(x, [.product(x.sizes)]), 0)
      step.give(try step.chosen(value, axis, KnownTensor(chosen)))
    }
  }
}

extension ONNXStep {
  /// Indices of one dimension that are known.
  func chosen(_ x: ONNXValue, _ axis: Int, _ index: KnownTensor) throws -> ONNXValue {
    var sizes = x.sizes
    sizes[axis] = .fixed(index.count)
    return op(
      "index_select",
      ["self": .tensor(try name(x)), "dim": .int(axis), "index": .tensor(try name(ONNXValue(known: index)))], x.type,
      sizes)
  }

  fileprivate func sliced() throws {
    let x = try input(0)
    let (starts, ends): ([SymbolicSize], [SymbolicSize])
    var axes: [Int]?
    var steps: [Int]?
    if opset < 10 {
      (starts, ends) = ((ints("starts") ?? []).map(SymbolicSize.fixed), (ints("ends") ?? []).map(SymbolicSize.fixed))
      axes = ints("axes")
    } else {
      (starts, ends) = (try sizes(at: 1, "starts"), try sizes(at: 2, "ends"))
      if isGiven(3) { axes = try ints(at: 3, "axes") }
      if isGiven(4) { steps = try ints(at: 4, "steps") }
    }
    let places = try (axes ?? Array(starts.indices)).map { try axis($0, rank: x.rank) }
    try require(places.count == starts.count && ends.count == starts.count, "its starts, ends and axes do not fit")
    var value = x
    for (index, axis) in places.enumerated() {
      let by = steps.map { $0[index] } ?? 1
      try require(by != 0, "its step is 0")
      value =
        by > 0
        ? try forward(value, axis, starts[index], ends[index], by)
        : try backward(value, axis, starts[index], ends[index], by)
    }
    give(value)
  }

  private func forward(
    _ x: ONNXValue, _ axis: Int, _ start: SymbolicSize, _ end: SymbolicSize, _ by: Int
  ) throws -> ONNXValue {
    let size = x.sizes[axis]
    /// The place that a bound means, where that can be told.
    func place(_ bound: SymbolicSize) -> SymbolicSize? {
      switch (bound, size) {
      case (.fixed(let number), .fixed(let count)):
        return .fixed(min(max(number < 0 ? number + count : number, 0), count))
      case (.fixed(let number), _) where number >= 1 << 30: return size
      case (.fixed(0), _): return .fixed(0)
      case (.fixed(let number), _) where number < 0: return size + bound
      case (_, _) where bound == size: return size
      default: return nil
      }
    }
    let (first, last) = (place(start), place(end))
    if first == .fixed(0), last == size, by == 1 { return x }
    var sizes = x.sizes
    if case .fixed(let a)? = first, case .fixed(let b)? = last {
      sizes[axis] = .fixed(max(0, (b - a + by - 1) / by))
    } else if let first, let last {
      sizes[axis] = (last - first).ceilDivided(by: .fixed(by))
    } else if let first, first == .fixed(0), by == 1, end.fixed.map({ $0 > 0 }) ?? true {
      // No more than there is.
      sizes[axis] = .symbolic(.call("Min", [end.expression, size.expression]), hint: nil)
    } else {
      let name = op(
        "slice.Tensor",
        [
          "self": .tensor(try self.name(x)), "dim": .int(axis), "start": try lowering.argument(start),
          "end": try lowering.argument(end), "step": .int(by),
        ], x.type, sizes)
      var value = name
      value.sizes[axis] = newSize(of: name, axis)
      lowering.setSizes(value)
      return value
    }
    return op(
      "slice.Tensor",
      [
        "self": .tensor(try name(x)), "dim": .int(axis), "start": try lowering.argument(start),
        "end": try lowering.argument(end), "step": .int(by),
      ], x.type, sizes)
  }

  /// From behind: the places are named.
  private func backward(
    _ x: ONNXValue, _ axis: Int, _ start: SymbolicSize, _ end: SymbolicSize, _ by: Int
  ) throws -> ONNXValue {
    guard let size = x.sizes[axis].fixed, let from = start.fixed, let to = end.fixed else {
      guard let from = start.fixed, let to = end.fixed, from == -1, to <= -(1 << 30), by == -1 else {
        throw refusal("it goes backwards through a size that is known only when it runs")
      }
      return op("flip", ["self": .tensor(try name(x)), "dims": .ints([axis])], x.type, x.sizes)
    }
    let first = min(max(from < 0 ? from + size : from, -1), size - 1)
    let last = to < -size ? -1 : min(to < 0 ? to + size : to, size - 1)
    return try chosen(x, axis, KnownTensor(Array(stride(from: first, to: last, by: by))))
  }
}
