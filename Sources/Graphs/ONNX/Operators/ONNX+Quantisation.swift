import Checkpoints

extension ONNXOperatorTable {
  /// Quantised numbers: run by arithmetic; what is quantised is left whole.
  mutating func addQuantisation() {
    let limits = "numbers of fewer than 8 bits and floats of 8 bits"
    add("QuantizeLinear", "div round add clamp to", limits: limits) { step in
      let x = try step.input(0)
      let scale = try step.spread(step.input(1), over: x)
      let zero = try step.optional(2)
      let type = try step.type("output_dtype") ?? zero?.type ?? .u8
      try step.require(!type.isTiny, "its numbers are floats of 8 bits")
      let point = try zero.map { try step.spread($0, over: x) }
      step.give(try step.quantised(try step.cast(x, to: .f32), step.cast(scale, to: .f32), point, type))
      step.keepWhole("it is quantised")
    }
    add("DequantizeLinear", "to sub mul", limits: limits) { step in
      let x = try step.input(0)
      try step.require(!x.type.isTiny, "its numbers are floats of 8 bits")
      let scale = try step.input(1)
      let type = try step.type("output_dtype") ?? scale.type
      var value = try step.cast(x, to: .f32)
      if let zero = try step.optional(2) {
        value = try step.binary("sub.Tensor", value, step.cast(step.spread(zero, over: x), to: .f32))
      }
      let result = try step.binary("mul.Tensor", value, step.cast(step.spread(scale, over: x), to: .f32))
      step.give(try step.cast(result, to: type))
      step.keepWhole("it is quantised")
    }
    add("DynamicQuantizeLinear", "amax amin div round clamp to") { step in
      let x = try step.input(0)
      let axes = Array(0..<x.rank)
      let zero = step.constant(0, .f32)
      let high = try step.binary("maximum", step.reduced("amax", x, axes, keeps: false), zero)
      let low = try step.binary("minimum", step.reduced("amin", x, axes, keeps: false), zero)
      let scale = try step.scalar("div.Scalar", step.binary("sub.Tensor", high, low), 255)
      let point = try step.clamped(
        step.unary("round", step.unary("neg", step.binary("div.Tensor", low, scale))), 0, 255)
      let shifted = try step.binary("add.Tensor", step.unary("round", step.binary("div.Tensor", x, scale)), point)
      step.give(try step.cast(try step.clamped(shifted, 0, 255), to: .u8))
      step.give(scale, at: 1)
      step.give(try step.cast(point, to: .u8), at: 2)
      step.keepWhole("it is quantised")
    }
    add("QLinearMatMul", "matmul sub mul round clamp to", limits: limits) { step in
      func row(_ index: Int, _ isColumn: Bool) throws -> ONNXValue {
        let value = try step.input(index)
        return value.rank == 1 && value.sizes != [.fixed(1)] && isColumn ? try step.unsqueeze(value, 1) : value
      }
      let a = try step.shifted(step.input(0), row(2, true), to: .f64)
      let b = try step.shifted(step.input(3), row(5, false), to: .f64)
      let product = try step.product(a, b)
      let scale = try step.binary(
        "div.Tensor", step.binary("mul.Tensor", step.cast(row(1, true), to: .f64), step.cast(row(4, false), to: .f64)),
        step.cast(step.input(6), to: .f64))
      let zero = try step.input(7)
      let real = try step.unary("round", step.binary("mul.Tensor", product, scale))
      step.give(
        try step.saturated(step.binary("add.Tensor", real, step.cast(zero, to: .f64)), zero.type))
      step.keepWhole("it is quantised")
    }
    add("QLinearConv", "convolution sub mul round clamp to", limits: limits) { step in
      let x = try step.shifted(step.input(0), step.input(2), to: .f64)
      let weight = try step.shifted(step.input(3), step.input(5), to: .f64, axis: 0)
      let bias = try step.optional(8).map { try step.cast($0, to: .f64) }
      let sums = try step.convolution(x, weight, bias)
      var scale = try step.binary(
        "div.Tensor", step.binary("mul.Tensor", step.cast(step.input(1), to: .f64), step.cast(step.input(4), to: .f64)),
        step.cast(step.input(6), to: .f64))
      if scale.rank == 1 {
        scale = try step.reshape(scale, (0..<sums.rank).map { $0 == 1 ? scale.sizes[0] : .fixed(1) })
      }
      let zero = try step.input(7)
      let real = try step.unary("round", step.binary("mul.Tensor", sums, scale))
      step.give(
        try step.saturated(step.binary("add.Tensor", real, step.cast(zero, to: .f64)), zero.type))
      step.keepWhole("it is quantised")
    }
  }
}

extension ONNXStep {
  /// Says that all that the steps of this node touch stays whole.
  func keepWhole(_ reason: String) { lowering.keepWholeSinceStart(reason) }

  /// Scales or zero points in the shape that broadcasts over a tensor: one, one for each index of a dimension, or one for
  /// each block of it.
  fileprivate func spread(_ value: ONNXValue, over x: ONNXValue) throws -> ONNXValue {
    try require(!value.isUnreadable, "its numbers are of fewer than 8 bits")
    if value.rank == 0 || value.sizes == [.fixed(1)] && x.rank != 1 {
      return value.rank == 0 ? value : try reshape(value, [])
    }
    let axis = try axis(int("axis", 1), rank: x.rank)
    if value.rank == 1, int("block_size", 0) == 0 {
      return try reshape(value, (0..<x.rank).map { $0 == axis ? value.sizes[0] : .fixed(1) })
    }
    let block = int("block_size", 0)
    guard block > 0, value.rank == x.rank, let size = x.sizes[axis].fixed, let count = value.sizes[axis].fixed else {
      return value
    }
    var sizes = value.sizes
    sizes[axis] = .fixed(count * block)
    let wide = op(
      "repeat_interleave.self_int",
      ["self": .tensor(try name(value)), "repeats": .int(block), "dim": .int(axis)], value.type, sizes)
    return try slice(wide, axis, 0, size)
  }

  fileprivate func quantised(
    _ x: ONNXValue, _ scale: ONNXValue, _ zero: ONNXValue?, _ type: StoredType
  ) throws -> ONNXValue {
    var value = try unary("round", binary("div.Tensor", x, scale))
    if let zero { value = try binary("add.Tensor", value, cast(zero, to: .f32)) }
    return try saturated(value, type)
  }

  /// Real numbers as whole ones, those out of range as the nearest.
  fileprivate func saturated(_ x: ONNXValue, _ type: StoredType) throws -> ONNXValue {
    let (low, high): (Double, Double)
    switch type {
    case .u8: (low, high) = (0, 255)
    case .i8: (low, high) = (-128, 127)
    case .u16: (low, high) = (0, 65535)
    case .i16: (low, high) = (-32768, 32767)
    case .i32: (low, high) = (-2_147_483_648, 2_147_483_520)
    default: throw refusal("its numbers are of the type \(type)")
    }
    return try converted(clamped(x, low, high), to: type)
  }
}
