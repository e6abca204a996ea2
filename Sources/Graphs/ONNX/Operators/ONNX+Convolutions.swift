import Checkpoints

extension ONNXOperatorTable {
  /// Convolutions.
  mutating func addConvolutions() {
    add("Conv", "convolution constant_pad_nd", limits: "`auto_pad` with strides over sizes known only when it runs") {
      step in
      step.give(try step.convolution(step.input(0), step.input(1), step.optional(2)))
    }
    add("ConvTranspose", "convolution slice constant_pad_nd") { try $0.transposedConvolution() }
    refuse("DeformConv", "LibTorch has no deformable convolution")
    add("ConvInteger", "convolution sub to") { step in
      let x = try step.shifted(step.input(0), step.optional(2), to: .f64)
      let weight = try step.shifted(step.input(1), step.optional(3), to: .f64, axis: 0)
      step.give(try step.cast(try step.convolution(x, weight, nil), to: .i32))
    }
  }
}

/// How a window moves over space: sizes, strides, dilation, and what is added on either side.
struct ONNXWindow {
  var kernel: [Int]
  var strides: [Int]
  var dilations: [Int]
  var before: [Int]
  var after: [Int]

  var isSymmetric: Bool { before == after }

  /// - Parameter space: the sizes of the dimensions it moves over.
  init(_ step: ONNXStep, kernel: [Int], space: [SymbolicSize]) throws {
    let count = kernel.count
    self.kernel = kernel
    strides = step.ints("strides") ?? [Int](repeating: 1, count: count)
    dilations = step.ints("dilations") ?? [Int](repeating: 1, count: count)
    before = [Int](repeating: 0, count: count)
    after = before
    try step.require(
      strides.count == count && dilations.count == count && space.count == count, "its window does not fit its input")
    switch step.string("auto_pad", "NOTSET") {
    case "NOTSET", "":
      guard let pads = step.ints("pads") else { break }
      try step.require(pads.count == 2 * count, "its padding does not fit its window")
      (before, after) = (Array(pads[..<count]), Array(pads[count...]))
    case "VALID": break
    case let kind:
      for axis in 0..<count {
        let reach = dilations[axis] * (kernel[axis] - 1) + 1
        let total: Int
        if let size = space[axis].fixed {
          total = max(0, ((size + strides[axis] - 1) / strides[axis] - 1) * strides[axis] + reach - size)
        } else {
          try step.require(
            strides[axis] == 1, "its padding (\(kind)) depends on sizes that are known only when it runs")
          total = max(0, reach - 1)
        }
        before[axis] = kind == "SAME_UPPER" ? total / 2 : total - total / 2
        after[axis] = total - before[axis]
      }
    }
  }

  /// How many places the window has.
  func positions(_ space: [SymbolicSize], ceil: Bool = false) -> [SymbolicSize] {
    space.indices.map { axis in
      let reach = dilations[axis] * (kernel[axis] - 1) + 1
      let room = space[axis] + .fixed(before[axis] + after[axis] - reach)
      let stride = SymbolicSize.fixed(strides[axis])
      guard ceil else { return room.floorDivided(by: stride) + .fixed(1) }
      let count = room.ceilDivided(by: stride) + .fixed(1)
      // A window that begins in the padding behind the input is left out.
      if case .fixed(let places) = count, let size = space[axis].fixed,
        (places - 1) * strides[axis] >= size + before[axis]
      {
        return .fixed(places - 1)
      }
      return count
    }
  }
}

extension ONNXStep {
  /// A quantised tensor less its zero point, as real numbers.
  func shifted(_ x: ONNXValue, _ zero: ONNXValue?, to type: StoredType, axis: Int? = nil) throws -> ONNXValue {
    let wide = try cast(x, to: type)
    guard let zero else { return wide }
    var point = try cast(zero, to: type)
    if let axis, point.rank == 1 {
      point = try reshape(
        point, (0..<x.rank).map { $0 == axis ? point.sizes[0] : .fixed(1) })
    }
    return try binary("sub.Tensor", wide, point)
  }

  /// Zeros, or other numbers, around space.
  func padded(_ x: ONNXValue, _ before: [Int], _ after: [Int], value: Double = 0) throws -> ONNXValue {
    if (before + after).allSatisfy({ $0 == 0 }) { return x }
    var sizes = x.sizes
    let first = x.rank - before.count
    for axis in before.indices { sizes[first + axis] = sizes[first + axis] + .fixed(before[axis] + after[axis]) }
    let pads = before.indices.reversed().flatMap { [before[$0], after[$0]] }
    return op(
      "constant_pad_nd",
      ["self": .tensor(try name(x)), "pad": .ints(pads), "value": x.type.isFloat ? .float(value) : .int(Int(value))],
      x.type, sizes)
  }

  func convolution(_ x: ONNXValue, _ weight: ONNXValue, _ bias: ONNXValue?) throws -> ONNXValue {
    guard let kernel = weight.shape, kernel.count == x.rank, x.rank >= 3 else {
      throw refusal("its weight is of a shape that is known only when it runs, or does not fit its input")
    }
    let space = Array(x.sizes.dropFirst(2))
    let window = try ONNXWindow(self, kernel: ints("kernel_shape") ?? Array(kernel.dropFirst(2)), space: space)
    try require(window.kernel == Array(kernel.dropFirst(2)), "its kernel_shape is not that of its weight")
    let input = window.isSymmetric ? x : try padded(x, window.before, window.after)
    return op(
      "convolution",
      [
        "input": .tensor(try name(input)), "weight": .tensor(try name(weight)),
        "bias": bias == nil ? .none : .tensor(try name(bias ?? x)), "stride": .ints(window.strides),
        "padding": .ints(window.isSymmetric ? window.before : window.before.map { _ in 0 }),
        "dilation": .ints(window.dilations), "transposed": .bool(false),
        "output_padding": .ints(window.strides.map { _ in 0 }), "groups": .int(int("group", 1)),
      ], x.type, [x.sizes[0], .fixed(kernel[0])] + window.positions(space))
  }

  fileprivate func transposedConvolution() throws {
    let (x, weight, bias) = (try input(0), try input(1), try optional(2))
    guard let shape = weight.shape, shape.count == x.rank, x.rank >= 3 else {
      throw refusal("its weight is of a shape that is known only when it runs, or does not fit its input")
    }
    let count = shape.count - 2
    let kernel = ints("kernel_shape") ?? Array(shape.dropFirst(2))
    let strides = ints("strides") ?? [Int](repeating: 1, count: count)
    let dilations = ints("dilations") ?? [Int](repeating: 1, count: count)
    let extra = ints("output_padding") ?? [Int](repeating: 0, count: count)
    let groups = int("group", 1)
    let space = Array(x.sizes.dropFirst(2))
    var (before, after) = ([Int](repeating: 0, count: count), [Int](repeating: 0, count: count))
    let kind = string("auto_pad", "NOTSET")
    // What comes out before anything is cut off at the sides.
    let full = (0..<count).map { axis -> SymbolicSize in
      let reach = dilations[axis] * (kernel[axis] - 1) + 1 + extra[axis]
      return (space[axis] - SymbolicSize.fixed(1)) * SymbolicSize.fixed(strides[axis]) + SymbolicSize.fixed(reach)
    }
    if let wanted = ints("output_shape") {
      for axis in 0..<count {
        guard let size = full[axis].fixed else { throw refusal("its output_shape meets sizes known only when it runs") }
        let total = size - wanted[wanted.count - count + axis]
        let half = total / 2
        // What is wanted beyond all that there is stands at the end.
        (before[axis], after[axis]) =
          total < 0 ? (0, total) : kind == "SAME_UPPER" ? (half, total - half) : (total - half, half)
      }
    } else if kind == "SAME_UPPER" || kind == "SAME_LOWER" {
      for axis in 0..<count {
        let total = dilations[axis] * (kernel[axis] - 1) + 1 + extra[axis] - strides[axis]
        let half = total / 2
        (before[axis], after[axis]) = kind == "SAME_UPPER" ? (half, total - half) : (total - half, half)
      }
    } else if let pads = ints("pads") {
      (before, after) = (Array(pads[..<count]), Array(pads[count...]))
    }
    let common = (0..<count).map { max(0, min(before[$0], after[$0])) }
    let outputs = SymbolicSize.fixed(shape[1] * groups)
    let sizes = (0..<count).map { full[$0] - .fixed(2 * common[$0]) }
    // Output padding must be smaller than stride or dilation there; else it is added afterwards.
    let fits = (0..<count).allSatisfy { extra[$0] < max(strides[$0], dilations[$0]) }
    let inner = fits ? sizes : (0..<count).map { sizes[$0] - .fixed(extra[$0]) }
    try require(fits || bias == nil, "its output_padding is larger than its strides")
    var result = op(
      "convolution",
      [
        "input": try tensor(0), "weight": try tensor(1), "bias": try optionalTensor(2), "stride": .ints(strides),
        "padding": .ints(common), "dilation": .ints(dilations), "transposed": .bool(true),
        "output_padding": .ints(fits ? extra : extra.map { _ in 0 }), "groups": .int(groups),
      ], x.type, [x.sizes[0], outputs] + inner)
    if !fits { result = try padded(result, extra.map { _ in 0 }, extra) }
    let (low, high) = ((0..<count).map { before[$0] - common[$0] }, (0..<count).map { after[$0] - common[$0] })
    for axis in 0..<count where low[axis] > 0 || high[axis] > 0 {
      guard let size = result.sizes[axis + 2].fixed else {
        throw refusal("its padding is of two sizes where space is known only when it runs")
      }
      result = try slice(result, axis + 2, max(low[axis], 0), size - max(high[axis], 0))
    }
    result = try padded(result, low.map { max(-$0, 0) }, high.map { max(-$0, 0) })
    give(result)
  }
}
