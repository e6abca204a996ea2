import Checkpoints

extension ONNXOperatorTable {
  /// Sums, means and the like over dimensions, and what runs along one.
  mutating func addReductions() {
    for (name, target, since) in [
      ("ReduceSum", "sum.dim_IntList", 13), ("ReduceMean", "mean.dim", 18), ("ReduceMax", "amax", 18),
      ("ReduceMin", "amin", 18), ("ReduceProd", "prod", 18), ("ReduceL1", "linalg_vector_norm", 18),
      ("ReduceL2", "linalg_vector_norm", 18), ("ReduceLogSum", "sum.dim_IntList", 18),
      ("ReduceLogSumExp", "logsumexp", 18), ("ReduceSumSquare", "sum.dim_IntList", 18),
    ] {
      let first = String(target.prefix { $0 != "." })
      let operators = name == "ReduceLogSum" ? "sum log" : name == "ReduceSumSquare" ? "mul sum" : first
      add(name, operators, limits: "an empty dimension without a neutral element") { step in
        try step.reduction(target, since: since)
      }
    }
    for (name, target) in [("ArgMax", "argmax"), ("ArgMin", "argmin")] {
      add(name, "\(target) flip") { step in
        let x = try step.input(0)
        let axis = try step.axis(step.int("axis", 0), rank: x.rank)
        let keeps = step.bool("keepdims", true)
        var (sizes, value) = (x.sizes, x)
        if keeps { sizes[axis] = .fixed(1) } else { sizes.remove(at: axis) }
        let takesLast = step.bool("select_last_index")
        if takesLast {
          value = step.op("flip", ["self": try step.tensor(0), "dims": .ints([axis])], x.type, x.sizes)
        }
        let found = step.op(
          target, ["self": .tensor(try step.name(value)), "dim": .int(axis), "keepdim": .bool(keeps)], .i64, sizes)
        guard takesLast else { return step.give(found) }
        guard let count = x.sizes[axis].fixed else { throw step.refusal("its size is known only when it runs") }
        step.give(try step.scalar("add.Scalar", step.unary("neg", found), Double(count - 1)))
      }
    }
    for (name, target) in [("CumSum", "cumsum"), ("CumProd", "cumprod")] {
      add(name, "\(target) flip constant_pad_nd") { step in
        let x = try step.input(0)
        let axis = try step.axis(step.ints(at: 1, "axis").first ?? 0, rank: x.rank)
        let (isExclusive, isReversed) = (step.bool("exclusive"), step.bool("reverse"))
        func flipped(_ value: ONNXValue) throws -> ONNXValue {
          isReversed
            ? step.op("flip", ["self": .tensor(try step.name(value)), "dims": .ints([axis])], x.type, x.sizes) : value
        }
        var value = try flipped(x)
        if isExclusive {
          guard let count = x.sizes[axis].fixed else { throw step.refusal("its size is known only when it runs") }
          let before = (0..<x.rank - axis).flatMap { $0 == x.rank - axis - 1 ? [1, 0] : [0, 0] }
          var sizes = x.sizes
          sizes[axis] = .fixed(count + 1)
          value = step.op(
            "constant_pad_nd",
            [
              "self": .tensor(try step.name(value)), "pad": .ints(before),
              "value": .int(name == "CumSum" ? 0 : 1),
            ], x.type, sizes)
          value = try step.slice(value, axis, 0, count)
        }
        let sum = step.op(
          target, ["self": .tensor(try step.name(value)), "dim": .int(axis), "dtype": .dtype(x.type)], x.type, x.sizes)
        step.give(try flipped(sum))
      }
    }
    add("TopK", "topk") { step in
      let x = try step.input(0)
      let axis = try step.axis(step.int("axis", -1), rank: x.rank)
      let count = try step.opset < 10 ? .fixed(step.int("k", 1)) : step.sizes(at: 1, "k").first ?? .fixed(1)
      var sizes = x.sizes
      sizes[axis] = count
      let isLargest = step.bool("largest", true)
      _ = step.bool("sorted", true)  // in whatever order, this one fits
      // A stable order gives equal entries by their place, as the definition asks.
      let wide = x.type.isWideInteger ? try step.cast(x, to: .i64) : x
      let sorted = step.ops(
        "sort.stable",
        [
          "self": .tensor(try step.name(wide)), "stable": .bool(true), "dim": .int(axis),
          "descending": .bool(isLargest),
        ], [(wide.type, x.sizes), (.i64, x.sizes)])
      for (index, value) in sorted.enumerated() {
        let part = step.op(
          "slice.Tensor",
          [
            "self": .tensor(try step.name(value)), "dim": .int(axis), "start": .int(0),
            "end": try step.lowering.argument(count),
          ], value.type, sizes)
        step.give(index == 0 ? try step.cast(part, to: x.type) : part, at: index)
      }
    }
    refuse("Unique", "where its entries stood first is not told by LibTorch's")
    add("Det", "linalg_det") { step in
      let x = try step.input(0)
      step.give(step.op("linalg_det", ["A": try step.tensor(0)], x.type, Array(x.sizes.dropLast(2))))
    }
  }
}

extension ONNXStep {
  fileprivate func reduction(_ target: String, since version: Int) throws {
    let x = try input(0)
    let keeps = bool("keepdims", true)
    let isNothing = bool("noop_with_empty_axes")
    var axes = try (ints("axes", orInput: 1, since: version) ?? []).map { try axis($0, rank: x.rank) }
    if axes.isEmpty {
      if isNothing {
        // Each entry by itself.
        switch operation {
        case "ReduceSumSquare": return give(try binary("mul.Tensor", x, x))
        case "ReduceL1", "ReduceL2": return give(try unary("abs", x))
        case "ReduceLogSum": return give(try unary("log", x))
        default: return give(x)
        }
      }
      axes = Array(0..<x.rank)
    }
    let isEmpty = x.sizes.contains(.fixed(0))
    if isEmpty, operation == "ReduceMax" || operation == "ReduceMin" || operation == "ReduceLogSumExp" {
      let sizes = x.sizes.enumerated().compactMap { axes.contains($0) ? (keeps ? SymbolicSize.fixed(1) : nil) : $1 }
      let isMinimum = operation == "ReduceMin"
      if x.type == .bool {
        return give(
          op(
            "full",
            ["size": try lowering.argument(sizes), "fill_value": .bool(isMinimum), "dtype": .dtype(.bool)], .bool, sizes
          ))
      }
      try require(x.type.isFloat, "it has no smallest whole number here")
      return give(
        op(
          "full",
          [
            "size": try lowering.argument(sizes), "fill_value": .float(isMinimum ? .infinity : -.infinity),
            "dtype": .dtype(x.type),
          ], x.type, sizes))
    }
    if axes.isEmpty {
      // A single number is its own sum.
      switch operation {
      case "ReduceSumSquare": return give(try binary("mul.Tensor", x, x))
      case "ReduceL1", "ReduceL2": return give(try unary("abs", x))
      case "ReduceLogSum": return give(try unary("log", x))
      default: return give(x)
      }
    }
    try require(x.type != .u64, "unsigned numbers of 64 bits are not computed with")
    let value = x.type.isWideInteger ? try cast(x, to: .i64) : x
    switch operation {
    case "ReduceProd":
      var result = value
      for axis in axes.sorted(by: >) {
        var sizes = result.sizes
        if keeps { sizes[axis] = .fixed(1) } else { sizes.remove(at: axis) }
        result = op(
          "prod.dim_int",
          [
            "self": .tensor(try name(result)), "dim": .int(axis), "keepdim": .bool(keeps),
            "dtype": .dtype(value.type),
          ], value.type, sizes)
      }
      give(try cast(result, to: x.type))
    case "ReduceSum": give(try cast(try sum(value, axes, keeps), to: x.type))
    case "ReduceSumSquare": give(try cast(try sum(binary("mul.Tensor", value, value), axes, keeps), to: x.type))
    case "ReduceLogSum":
      let total = try sum(x.type.isFloat ? x : cast(x, to: .f64), axes, keeps)
      give(try cast(try unary("log", total), to: x.type))
    case "ReduceL1" where !x.type.isFloat: give(try cast(try sum(unary("abs", value), axes, keeps), to: x.type))
    case "ReduceL1", "ReduceL2":
      let real = x.type.isFloat ? x : try cast(x, to: .f64)
      let sizes = real.sizes.enumerated().compactMap { axes.contains($0) ? (keeps ? SymbolicSize.fixed(1) : nil) : $1 }
      let norm = op(
        target,
        [
          "self": .tensor(try name(real)), "ord": .int(operation == "ReduceL1" ? 1 : 2), "dim": .ints(axes),
          "keepdim": .bool(keeps),
        ], real.type, sizes)
      give(try cast(norm, to: x.type))
    case "ReduceMean" where !x.type.isFloat:
      give(try cast(try reduced(target, cast(x, to: .f64), axes, keeps: keeps), to: x.type))
    case "ReduceLogSumExp" where !x.type.isFloat:
      give(try cast(try reduced(target, cast(x, to: .f64), axes, keeps: keeps), to: x.type))
    default: give(try cast(try reduced(target, value, axes, keeps: keeps), to: x.type))
    }
  }

  private func sum(_ x: ONNXValue, _ axes: [Int], _ keeps: Bool) throws -> ONNXValue {
    let sizes = x.sizes.enumerated().compactMap { axes.contains($0) ? (keeps ? SymbolicSize.fixed(1) : nil) : $1 }
    return op(
      "sum.dim_IntList",
      ["self": .tensor(try name(x)), "dim": .ints(axes), "keepdim": .bool(keeps), "dtype": .dtype(x.type)], x.type,
      sizes)
  }
}
