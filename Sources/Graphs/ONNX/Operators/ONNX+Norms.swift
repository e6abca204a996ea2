import Checkpoints

extension ONNXOperatorTable {
  /// Normalisation.
  mutating func addNorms() {
    add("BatchNormalization", "batch_norm", limits: "spatial 0") { try $0.batchNorm() }
    add("InstanceNormalization", "instance_norm") { step in
      let x = try step.input(0)
      step.give(
        step.op(
          "instance_norm",
          [
            "input": try step.tensor(0), "weight": try step.tensor(1), "bias": try step.tensor(2),
            "running_mean": .none, "running_var": .none, "use_input_stats": .bool(true), "momentum": .float(0),
            "eps": .float(step.float("epsilon", Double(Float(1e-5)))), "cudnn_enabled": .bool(false),
          ], x.type, x.sizes))
    }
    add("GroupNormalization", "group_norm") { step in
      let x = try step.input(0)
      let groups = step.int("num_groups", 1)
      var (scale, bias) = (try step.input(1), try step.input(2))
      // Before version 21 there is a scale for each group.
      if step.opset < 21, let channels = x.sizes[1].fixed, groups > 0 {
        func repeated(_ value: ONNXValue) throws -> ONNXValue {
          step.op(
            "repeat_interleave.self_int",
            ["self": .tensor(try step.name(value)), "repeats": .int(channels / groups), "dim": .int(0)], value.type,
            [.fixed(channels)])
        }
        (scale, bias) = (try repeated(scale), try repeated(bias))
      }
      step.give(
        step.op(
          "group_norm",
          [
            "input": try step.tensor(0), "num_groups": .int(groups), "weight": .tensor(try step.name(scale)),
            "bias": .tensor(try step.name(bias)), "eps": .float(step.float("epsilon", Double(Float(1e-5)))),
          ], x.type, x.sizes))
    }
    add("LayerNormalization", "layer_norm mul add var_mean") { try $0.layerNorm() }
    add("RMSNormalization", "rms_norm mul") { step in
      let x = try step.input(0)
      let axis = try step.axis(step.int("axis", -1), rank: x.rank)
      let eps = step.float("epsilon", Double(Float(1e-5)))
      try step.require(step.int("stash_type", 1) == 1, "it computes in another type")
      let wide = x.type == .f64 ? x : try step.cast(x, to: .f32)
      let square = try step.binary("mul.Tensor", wide, wide)
      let mean = try step.reduced("mean.dim", square, Array(axis..<x.rank), keeps: true)
      let scale = try step.unary("rsqrt", step.scalar("add.Scalar", mean, eps))
      let normal = try step.cast(try step.binary("mul.Tensor", wide, scale), to: x.type)
      step.give(try step.binary("mul.Tensor", normal, step.input(1)))
    }
    add("LpNormalization", "linalg_vector_norm div") { step in
      let x = try step.input(0)
      let axis = try step.axis(step.int("axis", -1), rank: x.rank)
      var sizes = x.sizes
      sizes[axis] = .fixed(1)
      let norm = step.op(
        "linalg_vector_norm",
        [
          "self": try step.tensor(0), "ord": .float(Double(step.int("p", 2))), "dim": .ints([axis]),
          "keepdim": .bool(true),
        ], x.type, sizes)
      // What has no length stays 0.
      let isZero = try step.scalar("eq.Scalar", norm, 0, type: .bool)
      step.give(
        try step.binary("div.Tensor", x, step.where(isZero, step.constant(1, x.type), norm)))
    }
    add("MeanVarianceNormalization", "mean sub mul sqrt div") { step in
      let x = try step.input(0)
      let axes = try (step.ints("axes") ?? [0, 2, 3]).map { try step.axis($0, rank: x.rank) }
      let mean = try step.reduced("mean.dim", x, axes, keeps: true)
      let squares = try step.reduced("mean.dim", step.binary("mul.Tensor", x, x), axes, keeps: true)
      let variance = try step.binary("sub.Tensor", squares, step.binary("mul.Tensor", mean, mean))
      let deviation = try step.scalar("add.Scalar", step.unary("sqrt", variance), 1e-9)
      step.give(try step.binary("div.Tensor", step.binary("sub.Tensor", x, mean), deviation))
    }
    add("LRN", "constant_pad_nd avg_pool3d pow mul div") { step in
      let x = try step.input(0)
      let size = step.int("size", 1)
      let (alpha, beta, bias) = (
        step.float("alpha", Double(Float(1e-4))), step.float("beta", 0.75), step.float("bias", 1)
      )
      guard x.rank >= 3 else { throw step.refusal("its input has no space") }
      // The mean over neighbouring channels, as pooling of a dimension of its own.
      let space = SymbolicSize.product(x.sizes.dropFirst(2))
      let square = try step.binary("mul.Tensor", x, x)
      let plane = try step.reshape(square, [x.sizes[0], .fixed(1), x.sizes[1], space])
      let padded = step.op(
        "constant_pad_nd",
        [
          "self": .tensor(try step.name(plane)), "pad": .ints([0, 0, (size - 1) / 2, size - 1 - (size - 1) / 2]),
          "value": .float(0),
        ], x.type, [x.sizes[0], .fixed(1), x.sizes[1] + .fixed(size - 1), space])
      let mean = step.op(
        "avg_pool2d",
        ["self": .tensor(try step.name(padded)), "kernel_size": .ints([size, 1]), "stride": .ints([1, 1])], x.type,
        plane.sizes)
      let scale = try step.scalar(
        "add.Scalar", step.scalar("mul.Scalar", step.reshape(mean, x.sizes), alpha), bias)
      let power = step.op(
        "pow.Tensor_Scalar", ["self": .tensor(try step.name(scale)), "exponent": .float(beta)], x.type, x.sizes)
      step.give(try step.binary("div.Tensor", x, power))
    }
  }
}

extension ONNXStep {
  fileprivate func batchNorm() throws {
    let x = try input(0)
    let values = try (1...4).map(input)
    let eps = float("epsilon", Double(Float(1e-5)))
    try require(int("spatial", 1) == 1, "it normalises each place by itself")
    try require(x.rank >= 2, "its input has no channels")
    if bool("training_mode") {
      let axes = [0] + Array(2..<x.rank)
      let momentum = float("momentum", Double(Float(0.9)))
      let mean = try reduced("mean.dim", x, axes, keeps: true)
      let centred = try binary("sub.Tensor", x, mean)
      let variance = try reduced("mean.dim", binary("mul.Tensor", centred, centred), axes, keeps: true)
      func channel(_ value: ONNXValue) throws -> ONNXValue {
        try reshape(value, [.fixed(1), x.sizes[1]] + x.sizes.dropFirst(2).map { _ in .fixed(1) })
      }
      let scale = try unary("rsqrt", scalar("add.Scalar", variance, eps))
      let normal = try binary("mul.Tensor", centred, scale)
      give(try binary("add.Tensor", binary("mul.Tensor", normal, channel(values[0])), channel(values[1])))
      for (index, fresh) in [(1, mean), (2, variance)] where isWanted(index) {
        let flat = try reshape(fresh, [x.sizes[1]])
        give(
          try binary(
            "add.Tensor", scalar("mul.Scalar", values[index + 1], momentum), scalar("mul.Scalar", flat, 1 - momentum)),
          at: index)
      }
      return
    }
    try require((1..<5).allSatisfy { !isWanted($0) } || opset < 14, "it gives statistics without training")
    let types = Set(values.map(\.type))
    let names = try zip(1..., values).map {
      Argument.tensor(try name(cast($1, to: types == [x.type] ? x.type : x.type), input: $0))
    }
    for value in values[2...] { lowering.markBuffer(value) }
    give(
      op(
        "batch_norm",
        [
          "input": try tensor(0), "weight": names[0], "bias": names[1], "running_mean": names[2],
          "running_var": names[3], "training": .bool(false), "momentum": .float(0.1), "eps": .float(eps),
          "cudnn_enabled": .bool(false),
        ], x.type, x.sizes))
  }

  fileprivate func layerNorm() throws {
    let (x, scale, bias) = (try input(0), try input(1), try optional(2))
    try require(int("stash_type", 1) == 1, "it computes in another type")
    let axis = try axis(int("axis", -1), rank: x.rank)
    let eps = float("epsilon", Double(Float(1e-5)))
    let normal = Array(x.sizes[axis...])
    let wantsStatistics = isWanted(1) || isWanted(2)
    if scale.sizes == normal, bias.map({ $0.sizes == normal }) ?? true, !wantsStatistics, let shape = sizesFixed(normal)
    {
      return give(
        op(
          "layer_norm",
          [
            "input": try tensor(0), "normalized_shape": .ints(shape), "weight": try tensor(1),
            "bias": try optionalTensor(2), "eps": .float(eps), "cudnn_enable": .bool(false),
          ], x.type, x.sizes))
    }
    let axes = Array(axis..<x.rank)
    let wide = x.type == .f64 ? x : try cast(x, to: .f32)
    let mean = try reduced("mean.dim", wide, axes, keeps: true)
    let centred = try binary("sub.Tensor", wide, mean)
    let variance = try reduced("mean.dim", binary("mul.Tensor", centred, centred), axes, keeps: true)
    let inverse = try unary("rsqrt", scalar("add.Scalar", variance, eps))
    var result = try cast(try binary("mul.Tensor", centred, inverse), to: x.type)
    result = try binary("mul.Tensor", result, scale)
    if let bias { result = try binary("add.Tensor", result, bias) }
    give(result)
    if isWanted(1) { give(mean, at: 1) }
    if isWanted(2) { give(inverse, at: 2) }
  }

  private func sizesFixed(_ sizes: [SymbolicSize]) -> [Int]? {
    let fixed = sizes.compactMap(\.fixed)
    return fixed.count == sizes.count ? fixed : nil
  }
}
