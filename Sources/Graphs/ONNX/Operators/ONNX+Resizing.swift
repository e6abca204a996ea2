import Checkpoints
import ONNXFormat

extension ONNXOperatorTable {
  /// Space made larger or smaller, and sampled at given places.
  mutating func addResizing() {
    add(
      "Resize", "upsample_nearest2d upsample_bilinear2d index_select matmul",
      limits: "sizes known only when it runs, but for the forms that LibTorch has"
    ) { try $0.resize() }
    add("Upsample", "upsample_nearest2d upsample_bilinear2d index_select matmul") { step in
      let x = try step.input(0)
      let scales = try step.opset < 9 ? step.floats("scales") ?? [] : step.reals(at: 1, "scales")
      var axes: [ONNXResizedAxis] = []
      for (axis, scale) in scales.enumerated() where scale != 1 {
        axes.append(ONNXResizedAxis(axis, scale: scale, size: x.sizes[axis].scaled(by: scale)))
      }
      step.give(
        try step.resized(
          x, axes, mode: step.string("mode", "nearest"), coordinates: "asymmetric", nearest: "floor", filter: .init()))
    }
    add("GridSample", "grid_sampler") { step in
      let (x, grid) = (try step.input(0), try step.input(1))
      let mode = step.string("mode", "bilinear")
      let kind = ["bilinear": 0, "linear": 0, "nearest": 1, "bicubic": 2, "cubic": 2][mode]
      let padding = ["zeros": 0, "border": 1, "reflection": 2][step.string("padding_mode", "zeros")]
      guard let kind, let padding else { throw step.refusal("its mode is \(mode)") }
      try step.require(x.rank == 4 || x.rank == 5 && kind != 2, "its input is of \(x.rank) dimensions")
      step.give(
        step.op(
          "grid_sampler",
          [
            "input": try step.tensor(0), "grid": try step.tensor(1), "interpolation_mode": .int(kind),
            "padding_mode": .int(padding), "align_corners": .bool(step.bool("align_corners")),
          ], x.type, Array(x.sizes.prefix(2)) + grid.sizes[1..<(grid.rank - 1)]))
    }
    add("AffineGrid", "affine_grid_generator", limits: "a size that only data say") { step in
      let theta = try step.input(0)
      let size = try step.ints(at: 1, "size")
      step.give(
        step.op(
          "affine_grid_generator",
          ["theta": try step.tensor(0), "size": .ints(size), "align_corners": .bool(step.bool("align_corners"))],
          theta.type,
          [.fixed(size[0])] + size.dropFirst(2).map(SymbolicSize.fixed) + [.fixed(size.count - 2)]))
    }
    add("Col2Im", "col2im", limits: "other than two dimensions of space") { step in
      let x = try step.input(0)
      let (image, block) = (try step.ints(at: 1, "image_shape"), try step.ints(at: 2, "block_shape"))
      let strides = step.ints("strides") ?? block.map { _ in 1 }
      let dilations = step.ints("dilations") ?? block.map { _ in 1 }
      let pads = step.ints("pads") ?? [Int](repeating: 0, count: 2 * block.count)
      try step.require(image.count == 2, "its space is of \(image.count) dimensions")
      try step.require(pads.prefix(2).elementsEqual(pads.suffix(2)), "its padding is of two sizes")
      guard let channels = x.sizes[1].fixed else { throw step.refusal("its channels are known only when it runs") }
      step.give(
        step.op(
          "col2im",
          [
            "self": try step.tensor(0), "output_size": .ints(image), "kernel_size": .ints(block),
            "dilation": .ints(dilations), "padding": .ints(Array(pads.prefix(2))), "stride": .ints(strides),
          ], x.type, [x.sizes[0], .fixed(channels / block.reduce(1, *))] + image.map(SymbolicSize.fixed)))
    }
  }
}

/// A dimension that is resized.
struct ONNXResizedAxis {
  var axis: Int
  var scale: Double
  var size: SymbolicSize
  /// The part that is looked at, from 0 to 1.
  var start = 0.0
  var end = 1.0

  init(_ axis: Int, scale: Double, size: SymbolicSize) { (self.axis, self.scale, self.size) = (axis, scale, size) }
}

/// How entries between the given ones come about.
struct ONNXResizeFilter {
  var cubic = -0.75
  var leavesOutside = false
  var isAntialiased = false
  var outside = 0.0
}

extension SymbolicSize {
  /// The size times a number, rounded down.
  fileprivate func scaled(by scale: Double) -> SymbolicSize {
    switch self {
    case .fixed(let size): .fixed(Int((Double(size) * scale).rounded(.down)))
    case .symbolic:
      scale == scale.rounded()
        ? self * .fixed(Int(scale))
        : (1 / scale) == (1 / scale).rounded() ? floorDivided(by: .fixed(Int(1 / scale))) : self
    }
  }
}

extension ONNXStep {
  fileprivate func resize() throws {
    let x = try input(0)
    let mode = string("mode", "nearest")
    var axes = Array(0..<x.rank)
    if let given = ints("axes") { axes = try given.map { try axis($0, rank: x.rank) } }
    // Version 10 has no region.
    let (scalesIndex, sizesIndex) = opset < 11 ? (1, 99) : (2, 3)
    let coordinates = opset < 11 ? "asymmetric" : string("coordinate_transformation_mode", "half_pixel")
    var resized: [ONNXResizedAxis] = []
    if isGiven(sizesIndex), try input(sizesIndex).sizes != [.fixed(0)] {
      var sizes = try self.sizes(at: sizesIndex, "sizes")
      if sizes.count == x.rank, axes.count != x.rank { axes = Array(0..<x.rank) }
      let policy = string("keep_aspect_ratio_policy", "stretch")
      var common: Double?
      if policy != "stretch" {
        let ratios = try zip(axes, sizes).map { axis, size -> Double in
          guard let old = x.sizes[axis].fixed, let new = size.fixed else {
            throw refusal("its sizes are known only when it runs")
          }
          return Double(new) / Double(old)
        }
        let scale = (policy == "not_larger" ? ratios.min() : ratios.max()) ?? 1
        common = scale
        sizes = axes.map { axis in
          .fixed(Int((Double(x.sizes[axis].fixed ?? 0) * scale + 0.5).rounded(.down)))
        }
      }
      for (axis, size) in zip(axes, sizes)
      where size != x.sizes[axis] || common != nil || coordinates == "tf_crop_and_resize" {
        var scale = common
        if scale == nil {
          if let old = x.sizes[axis].fixed, let new = size.fixed {
            scale = Double(new) / Double(old)
          } else if case .fixed(let times)? = size.exactlyDivided(by: x.sizes[axis]) {
            scale = Double(times)
          }
        }
        guard let scale else {
          if coordinates != "tf_crop_and_resize" {
            resized.append(ONNXResizedAxis(axis, scale: .nan, size: size))
            continue
          }
          throw refusal("its sizes are known only when it runs")
        }
        resized.append(ONNXResizedAxis(axis, scale: scale, size: size))
      }
    } else {
      let scales = try reals(at: scalesIndex, "scales")
      if scales.count == x.rank, axes.count != x.rank { axes = Array(0..<x.rank) }
      for (axis, scale) in zip(axes, scales) where scale != 1 || coordinates == "tf_crop_and_resize" {
        if case .symbolic = x.sizes[axis], scale != scale.rounded(), 1 / scale != (1 / scale).rounded() {
          throw refusal("its sizes are known only when it runs")
        }
        resized.append(ONNXResizedAxis(axis, scale: scale, size: x.sizes[axis].scaled(by: scale)))
      }
    }
    if coordinates == "tf_crop_and_resize" {
      let region = try reals(at: 1, "roi")
      for index in resized.indices {
        guard let place = axes.firstIndex(of: resized[index].axis) else { continue }
        (resized[index].start, resized[index].end) = (region[place], region[place + axes.count])
      }
    }
    let filter = ONNXResizeFilter(
      cubic: float("cubic_coeff_a", -0.75), leavesOutside: bool("exclude_outside"), isAntialiased: bool("antialias"),
      outside: float("extrapolation_value", 0))
    give(
      try self.resized(
        x, resized, mode: mode, coordinates: coordinates,
        nearest: opset < 11 ? "floor" : string("nearest_mode", "round_prefer_floor"), filter: filter))
  }

  fileprivate func resized(
    _ x: ONNXValue, _ axes: [ONNXResizedAxis], mode: String, coordinates: String, nearest: String,
    filter: ONNXResizeFilter
  ) throws -> ONNXValue {
    if axes.isEmpty { return x }
    if let value = try resizedByEngine(x, axes, mode, coordinates, nearest, filter) { return value }
    var value = try x.type.isFloat || mode == "nearest" ? x : cast(x, to: .f32)
    var outside: [ONNXValue] = []
    for axis in axes {
      guard let size = x.sizes[axis.axis].fixed, let count = axis.size.fixed, !axis.scale.isNaN else {
        throw refusal("it is resized (\(mode), \(coordinates)) where space is known only when it runs")
      }
      let places = Self.places(axis, from: size, to: count, coordinates)
      let isInside = places.map { coordinates != "tf_crop_and_resize" || ($0 >= 0 && $0 <= Double(size - 1)) }
      if mode == "nearest", isInside.allSatisfy({ $0 }) {
        let chosen = places.map { min(max(Self.rounded($0, nearest), 0), size - 1) }
        value = try self.chosen(value, axis.axis, KnownTensor(chosen))
        continue
      }
      let rows = zip(places, isInside).map { place, inside -> [Double] in
        guard inside else { return [Double](repeating: 0, count: size) }
        return mode == "nearest"
          ? (0..<size).map { $0 == min(max(Self.rounded(place, nearest), 0), size - 1) ? 1 : 0 }
          : Self.weights(place, size, axis.scale, isCubic: mode == "cubic", filter)
      }
      value = try interpolated(value, axis.axis, rows)
      if filter.outside != 0, isInside.contains(false) {
        // Outside of the region stands a number of its own.
        let mask = ONNXValue(known: KnownTensor(.bool, [count], isInside.map { .int($0 ? 1 : 0) }))
        let shaped = try reshape(mask, (0..<value.rank).map { $0 == axis.axis ? .fixed(count) : .fixed(1) })
        outside.append(shaped)
      }
    }
    for inside in outside { value = try self.where(inside, value, constant(filter.outside, value.type)) }
    return try value.type == x.type ? value : cast(value, to: x.type)
  }

  /// The forms that the engine has.
  private func resizedByEngine(
    _ x: ONNXValue, _ axes: [ONNXResizedAxis], _ mode: String, _ coordinates: String, _ nearest: String,
    _ filter: ONNXResizeFilter
  ) throws -> ONNXValue? {
    let count = x.rank - 2
    guard (1...3).contains(count), axes.allSatisfy({ $0.axis >= 2 }), x.type.isFloat, !filter.leavesOutside,
      !filter.isAntialiased
    else { return nil }
    var sizes = x.sizes
    var scales = [Double](repeating: 1, count: count)
    for axis in axes {
      sizes[axis.axis] = axis.size
      scales[axis.axis - 2] = axis.scale
    }
    if coordinates == "align_corners" {
      guard
        axes.allSatisfy({ axis in
          guard let size = x.sizes[axis.axis].fixed, let count = axis.size.fixed else {
            return axis.scale == axis.scale.rounded()
          }
          return axis.scale * Double(size) == Double(count)
        })
      else { return nil }
    }
    let isWhole = scales.allSatisfy { !$0.isNaN && $0 >= 1 && $0 == $0.rounded() }
    let target: String
    var corners: Bool?
    switch (mode, coordinates) {
    case ("nearest", "asymmetric") where nearest == "floor" && (isWhole || scales.contains { $0.isNaN }):
      target = "upsample_nearest\(count)d"
    case ("nearest", "half_pixel") where isWhole && (nearest == "round_prefer_floor" || nearest == "round_prefer_ceil"):
      target = "upsample_nearest\(count)d"
    case ("linear", "half_pixel"), ("linear", "pytorch_half_pixel"), ("linear", "align_corners"):
      if coordinates == "pytorch_half_pixel", axes.contains(where: { $0.size == .fixed(1) }) { return nil }
      target = ["upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d"][count - 1]
      corners = coordinates == "align_corners"
    case ("cubic", "half_pixel"), ("cubic", "align_corners"):
      guard count == 2, filter.cubic == -0.75 else { return nil }
      target = "upsample_bicubic2d"
      corners = coordinates == "align_corners"
    default: return nil
    }
    var arguments: [(String, Argument)] = [
      ("self", .tensor(try name(x))), ("output_size", try lowering.argument(Array(sizes.dropFirst(2)))),
    ]
    if let corners { arguments.append(("align_corners", .bool(corners))) }
    if !scales.contains(where: \.isNaN) {
      let names =
        count == 1 ? ["scales"] : count == 2 ? ["scales_h", "scales_w"] : ["scales_d", "scales_h", "scales_w"]
      for (name, scale) in zip(names, scales) { arguments.append((name, .float(scale))) }
    }
    let result = lowering.emit(
      target + ".default", arguments, results: [(x.type, sizes)], stem: node.output.first ?? "")
    return ONNXValue(result[0], x.type, sizes)
  }

  /// A dimension multiplied with a matrix of constants.
  private func interpolated(_ x: ONNXValue, _ axis: Int, _ rows: [[Double]]) throws -> ONNXValue {
    let size = rows.first?.count ?? 0
    let type: StoredType = x.type == .f64 ? .f64 : .f32
    // [size, count], from the right of what has the dimension last.
    let matrix = KnownTensor(
      type, [size, rows.count], (0..<size).flatMap { column in rows.map { .real($0[column]) } })
    var order = Array(0..<x.rank)
    order.swapAt(axis, x.rank - 1)
    let turned = try permute(x.type == type ? x : cast(x, to: type), order)
    let result = op(
      "matmul",
      ["self": .tensor(try name(turned)), "other": .tensor(try name(ONNXValue(known: matrix)))], type,
      turned.sizes.dropLast() + [.fixed(rows.count)])
    let back = try permute(result, order)
    return x.type == type ? back : try cast(back, to: x.type)
  }

  /// Where each new entry lies among the old ones.
  private static func places(_ axis: ONNXResizedAxis, from size: Int, to count: Int, _ coordinates: String) -> [Double]
  {
    (0..<count).map { index in
      let x = Double(index)
      switch coordinates {
      case "asymmetric": return x / axis.scale
      case "align_corners":
        // The length before it is rounded down.
        let length = axis.scale * Double(size)
        return length == 1 ? 0 : x * Double(size - 1) / (length - 1)
      case "pytorch_half_pixel": return count == 1 ? 0 : (x + 0.5) / axis.scale - 0.5
      case "half_pixel_symmetric":
        let adjustment = Double(count) / (axis.scale * Double(size))
        let offset = Double(size) / 2 * (1 - adjustment)
        return offset + (x + 0.5) / axis.scale - 0.5
      case "tf_half_pixel_for_nn": return (x + 0.5) / axis.scale
      case "tf_crop_and_resize":
        return count > 1
          ? axis.start * Double(size - 1) + x * (axis.end - axis.start) * Double(size - 1) / Double(count - 1)
          : 0.5 * (axis.start + axis.end) * Double(size - 1)
      default: return (x + 0.5) / axis.scale - 0.5
      }
    }
  }

  private static func rounded(_ place: Double, _ mode: String) -> Int {
    switch mode {
    case "floor": Int(place.rounded(.down))
    case "ceil": Int(place.rounded(.up))
    case "round_prefer_ceil": Int((place + 0.5).rounded(.down))
    default: Int((place - 0.5).rounded(.up))
    }
  }

  /// The share that each old entry has in a new one.
  private static func weights(
    _ place: Double, _ size: Int, _ scale: Double, isCubic: Bool, _ filter: ONNXResizeFilter
  ) -> [Double] {
    func cubic(_ x: Double) -> Double {
      let (a, x) = (filter.cubic, abs(x))
      if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }
    func linear(_ x: Double) -> Double { max(0, 1 - abs(x)) }
    // Made smaller, an antialiased filter is as much wider.
    let stretch = filter.isAntialiased ? min(scale, 1) : 1
    let reach = (isCubic ? 2 : 1) / stretch
    let first = Int((place - reach).rounded(.down)), last = Int((place + reach).rounded(.up))
    var weights = [Double](repeating: 0, count: size)
    var sum = 0.0
    for index in first...last {
      let distance = (Double(index) - place) * stretch
      let weight = isCubic ? cubic(distance) : linear(distance)
      if weight == 0 || filter.leavesOutside && !(0..<size).contains(index) { continue }
      weights[min(max(index, 0), size - 1)] += weight
      sum += weight
    }
    return weights.map { $0 / sum }
  }
}
