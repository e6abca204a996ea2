import Checkpoints
import ONNXFormat

extension ONNXOperatorTable {
  /// Pooling of space.
  mutating func addPooling() {
    add("MaxPool", "max_pool2d constant_pad_nd", limits: "windows of more than three dimensions") { try $0.maxPool() }
    add("AveragePool", "avg_pool2d convolution div", limits: "windows of more than three dimensions") {
      try $0.averagePool()
    }
    add("LpPool", "convolution pow") { try $0.powerPool() }
    add("GlobalAveragePool", "mean") { step in
      let x = try step.input(0)
      step.give(try step.reduced("mean.dim", x, Array(2..<x.rank), keeps: true))
    }
    add("GlobalMaxPool", "amax") { step in
      let x = try step.input(0)
      step.give(try step.reduced("amax", x, Array(2..<x.rank), keeps: true))
    }
    add("GlobalLpPool", "linalg_vector_norm") { step in
      let x = try step.input(0)
      step.give(
        step.op(
          "linalg_vector_norm",
          [
            "self": try step.tensor(0), "ord": .float(Double(step.int("p", 2))), "dim": .ints(Array(2..<x.rank)),
            "keepdim": .bool(true),
          ], x.type, x.sizes.prefix(2) + x.sizes.dropFirst(2).map { _ in .fixed(1) }))
    }
    add("MaxUnpool", "scatter zeros") { try $0.maxUnpool() }
    refuse("RoiAlign MaxRoiPool", "LibTorch has no pooling of regions")
  }
}

extension ONNXStep {
  /// Pooling in one, two or three dimensions.
  private func pool(
    _ name: String, _ x: ONNXValue, _ window: ONNXWindow, ceil: Bool, more: [(String, Argument)],
    space: [SymbolicSize], isSymmetric: Bool
  ) throws -> ONNXValue {
    let overload = window.kernel.count
    var arguments: [(String, Argument)] = [
      ("self", .tensor(try self.name(x))), ("kernel_size", .ints(window.kernel)), ("stride", .ints(window.strides)),
      ("padding", .ints(isSymmetric ? window.before : window.before.map { _ in 0 })),
    ]
    arguments += more + [("ceil_mode", .bool(ceil))]
    let type = (x.type, Array(x.sizes.prefix(2)) + space)
    let result = lowering.emit(
      "\(name)\(overload)d.default", arguments, results: [type], stem: node.output.first ?? node.opType)
    return ONNXValue(result[0], type.0, type.1)
  }

  private func window(_ x: ONNXValue) throws -> ONNXWindow {
    guard let kernel = ints("kernel_shape") else { throw refusal("its kernel_shape is left out") }
    try require((1...3).contains(kernel.count) && x.rank == kernel.count + 2, "its window is of other dimensions")
    return try ONNXWindow(self, kernel: kernel, space: Array(x.sizes.dropFirst(2)))
  }

  fileprivate func maxPool() throws {
    let x = try input(0)
    var window = try window(x)
    let ceil = bool("ceil_mode")
    let space = Array(x.sizes.dropFirst(2))
    let positions = window.positions(space, ceil: ceil)
    let wantsIndices = isWanted(1)
    _ = int("storage_order", 0)
    var value = x
    if x.type.isWideInteger || x.type == .i8 || x.type == .u8 { value = try cast(x, to: .f32) }
    let low: Double = -.infinity
    // Paddings that the engine does not take are put there first; with indices they would shift them.
    let fits = window.isSymmetric && (0..<window.kernel.count).allSatisfy { window.before[$0] * 2 <= window.kernel[$0] }
    if !fits {
      try require(!wantsIndices, "its indices are asked for with padding of two sizes")
      value = try padded(value, window.before, window.after, value: low)
      window.before = window.before.map { _ in 0 }
      window.after = window.before
    }
    if !wantsIndices {
      let result = try pool(
        "max_pool", value, window, ceil: ceil, more: [("dilation", .ints(window.dilations))], space: positions,
        isSymmetric: true)
      return give(try cast(result, to: x.type))
    }
    guard window.kernel.count > 1 else { return try maxPoolOfOneDimension(value, window, ceil, positions) }
    let sizes = Array(x.sizes.prefix(2)) + positions
    let pair = lowering.emit(
      "max_pool\(window.kernel.count)d_with_indices.default",
      [
        ("self", .tensor(try name(value))), ("kernel_size", .ints(window.kernel)), ("stride", .ints(window.strides)),
        ("padding", .ints(window.before)), ("dilation", .ints(window.dilations)), ("ceil_mode", .bool(ceil)),
      ], results: [(value.type, sizes), (.i64, sizes)], stem: node.output.first ?? "")
    give(try cast(ONNXValue(pair[0], value.type, sizes), to: x.type))
    give(try flatIndices(ONNXValue(pair[1], .i64, sizes), x), at: 1)
  }

  private func maxPoolOfOneDimension(
    _ x: ONNXValue, _ window: ONNXWindow, _ ceil: Bool, _ positions: [SymbolicSize]
  ) throws {
    let sizes = Array(x.sizes.prefix(2)) + positions
    let pair = lowering.emit(
      "max_pool1d_with_indices.default",
      [
        ("self", .tensor(try name(x))), ("kernel_size", .ints(window.kernel)), ("stride", .ints(window.strides)),
        ("padding", .ints(window.before)), ("dilation", .ints(window.dilations)), ("ceil_mode", .bool(ceil)),
      ], results: [(x.type, sizes), (.i64, sizes)], stem: node.output.first ?? "")
    give(ONNXValue(pair[0], x.type, sizes))
    give(try flatIndices(ONNXValue(pair[1], .i64, sizes), x), at: 1)
  }

  /// Indices within a plane as indices within the whole tensor.
  private func flatIndices(_ indices: ONNXValue, _ x: ONNXValue) throws -> ONNXValue {
    guard let shape = x.shape else { throw refusal("its indices depend on sizes that are known only when it runs") }
    let plane = shape.dropFirst(2).reduce(1, *)
    var indices = indices
    if int("storage_order", 0) == 1, shape.count == 4 {
      // Column by column within each plane.
      let width = Double(shape[3])
      let rows = try divided(indices, width)
      let columns = try binary("sub.Tensor", indices, scalar("mul.Scalar", rows, width))
      indices = try binary("add.Tensor", scalar("mul.Scalar", columns, Double(shape[2])), rows)
    }
    let offsets = KnownTensor(
      .i64, [shape[0], shape[1]] + shape.dropFirst(2).map { _ in 1 }, (0..<shape[0] * shape[1]).map { .int($0 * plane) }
    )
    return try binary("add.Tensor", indices, ONNXValue(known: offsets))
  }

  /// Whole numbers divided by a number, rounded down.
  private func divided(_ x: ONNXValue, _ number: Double) throws -> ONNXValue {
    op(
      "div.Scalar_mode",
      ["self": .tensor(try name(x)), "other": .int(Int(number)), "rounding_mode": .string("floor")], x.type, x.sizes)
  }

  fileprivate func averagePool() throws {
    let x = try input(0)
    let window = try window(x)
    let ceil = bool("ceil_mode")
    let counts = bool("count_include_pad")
    let space = Array(x.sizes.dropFirst(2))
    let positions = window.positions(space, ceil: ceil)
    let isPlain = window.dilations.allSatisfy { $0 == 1 }
    let fits = window.isSymmetric && (0..<window.kernel.count).allSatisfy { window.before[$0] * 2 <= window.kernel[$0] }
    if isPlain, fits {
      return give(
        try pool(
          "avg_pool", x, window, ceil: ceil, more: [("count_include_pad", .bool(counts))].sorted { $0.0 < $1.0 },
          space: positions, isSymmetric: true))
    }
    // The mean is a sum over a count; what does not count is 0 in both.
    let ones = try onesOfSpace(x, counts: counts)
    let sum = try windowSums(x, window, positions)
    give(try binary("div.Tensor", sum, windowSums(ones, window, positions, border: counts ? 1 : 0)))
  }

  /// The sum over each place of a window, by a convolution with ones over each channel by itself.
  ///
  /// - Parameter border: what stands in the padding; windows may reach beyond it, where nothing counts.
  private func windowSums(
    _ x: ONNXValue, _ window: ONNXWindow, _ positions: [SymbolicSize], border: Double = 0
  ) throws -> ONNXValue {
    let count = window.kernel.count
    var value = try padded(x, window.before, window.after, value: border)
    let missing = try (0..<count).map { axis -> Int in
      guard let places = positions[axis].fixed, let size = value.sizes[axis + 2].fixed else {
        try require(positions[axis].fixed == nil, "its sizes are known only when it runs")
        return 0
      }
      let reach = window.dilations[axis] * (window.kernel[axis] - 1) + 1
      return max(0, (places - 1) * window.strides[axis] + reach - size)
    }
    value = try padded(value, missing.map { _ in 0 }, missing)
    let flat = try reshape(value, [value.sizes[0] * value.sizes[1], .fixed(1)] + value.sizes.dropFirst(2))
    let number = window.kernel.reduce(1, *)
    let ones = KnownTensor(x.type, [1, 1] + window.kernel, [KnownTensor.Entry](repeating: .real(1), count: number))
    let sums = op(
      "convolution",
      [
        "input": .tensor(try name(flat)), "weight": .tensor(try name(ONNXValue(known: ones))), "bias": .none,
        "stride": .ints(window.strides), "padding": .ints(window.strides.map { _ in 0 }),
        "dilation": .ints(window.dilations), "transposed": .bool(false),
        "output_padding": .ints(window.strides.map { _ in 0 }), "groups": .int(1),
      ], x.type, [flat.sizes[0], .fixed(1)] + positions)
    return try reshape(sums, Array(value.sizes.prefix(2)) + positions)
  }

  /// A 1 for each place of space.
  private func onesOfSpace(_ x: ONNXValue, counts: Bool) throws -> ONNXValue {
    let sizes = [SymbolicSize.fixed(1), .fixed(1)] + x.sizes.dropFirst(2)
    return op("ones", ["size": try lowering.argument(sizes), "dtype": .dtype(x.type)], x.type, sizes)
  }

  fileprivate func powerPool() throws {
    let x = try input(0)
    let window = try window(x)
    let p = Double(int("p", 2))
    let positions = window.positions(Array(x.sizes.dropFirst(2)), ceil: bool("ceil_mode"))
    let power = op(
      "pow.Tensor_Scalar", ["self": .tensor(try name(unary("abs", x))), "exponent": .float(p)], x.type, x.sizes)
    let sum = try windowSums(power, window, positions)
    give(op("pow.Tensor_Scalar", ["self": .tensor(try name(sum)), "exponent": .float(1 / p)], x.type, sum.sizes))
  }

  fileprivate func maxUnpool() throws {
    let (x, indices) = (try input(0), try input(1))
    let kernel = ints("kernel_shape") ?? []
    let strides = ints("strides") ?? kernel.map { _ in 1 }
    let pads = ints("pads") ?? [Int](repeating: 0, count: 2 * kernel.count)
    guard let shape = x.shape, kernel.count == shape.count - 2 else {
      throw refusal("its sizes are known only when it runs")
    }
    var inferred = Array(shape.prefix(2))
    for axis in kernel.indices {
      inferred.append(
        (shape[axis + 2] - 1) * strides[axis] + kernel[axis] - pads[axis] - pads[axis + kernel.count])
    }
    let wanted = isGiven(2) ? try ints(at: 2, "output_shape") : inferred
    func scattered(_ shape: [Int]) throws -> ONNXValue {
      let count = shape.reduce(1, *)
      let flat = op(
        "zeros", ["size": .ints([count]), "dtype": .dtype(x.type)], x.type, [.fixed(count)])
      let total = SymbolicSize.product(x.sizes)
      let filled = op(
        "scatter.src",
        [
          "self": .tensor(try name(flat)), "dim": .int(0), "index": .tensor(try name(reshape(indices, [total]))),
          "src": .tensor(try name(reshape(x, [total]))),
        ], x.type, [.fixed(count)])
      return try reshape(filled, shape.map(SymbolicSize.fixed))
    }
    // Indices are those of the shape that the window alone would make.
    let result = try scattered(inferred)
    give(
      wanted == inferred
        ? result
        : try padded(result, kernel.map { _ in 0 }, kernel.indices.map { wanted[$0 + 2] - inferred[$0 + 2] }))
  }

  /// A reduction over dimensions.
  func reduced(_ target: String, _ x: ONNXValue, _ axes: [Int], keeps: Bool, type: StoredType? = nil) throws
    -> ONNXValue
  {
    let sizes = x.sizes.enumerated().compactMap { axis, size in
      axes.contains(axis) ? (keeps ? SymbolicSize.fixed(1) : nil) : size
    }
    return op(
      target, ["self": .tensor(try name(x)), "dim": .ints(axes), "keepdim": .bool(keeps)], type ?? x.type, sizes)
  }
}
