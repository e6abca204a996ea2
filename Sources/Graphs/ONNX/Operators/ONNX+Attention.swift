import Checkpoints

extension ONNXOperatorTable {
  /// Attention and the embedding of places by rotation.
  mutating func addAttention() {
    add("Attention", "scaled_dot_product_attention matmul mul add where softmax") { try $0.attention() }
    add("RotaryEmbedding", "mul add sub cat") { try $0.rotary() }
  }
}

extension ONNXStep {
  fileprivate func attention() throws {
    var (q, k, v) = (try input(0), try input(1), try input(2))
    let isFlat = q.rank == 3
    if isFlat {
      guard let heads = int("q_num_heads"), let others = int("kv_num_heads") else {
        throw refusal("its heads are left out")
      }
      q = try parted(q, heads)
      k = try parted(k, others)
      v = try parted(v, others)
    }
    var past = SymbolicSize.fixed(0)
    if isGiven(4) {
      past = try input(4).sizes[2]
      k = try cat([input(4), k], 2)
      v = try cat([input(5), v], 2)
    }
    for (place, value) in [(1, k), (2, v)] where isWanted(place) { give(value, at: place) }
    let mask = try optional(3)
    let isCausal = bool("is_causal")
    let windows = (left: int("left_window_size", -1), right: int("right_window_size", -1))
    let hasPlainMask = mask.map { $0.sizes.last == k.sizes[2] } ?? true
    let result: ONNXValue
    if float("softcap", 0) == 0, !isWanted(3), int("softmax_precision") == nil, !isGiven(6), windows == (-1, -1),
      !isCausal,
      hasPlainMask, mask?.type != .bool, q.type == .f32 || q.type == .f64
    {
      result = op(
        "scaled_dot_product_attention",
        [
          "query": .tensor(try name(q)), "key": .tensor(try name(k)), "value": .tensor(try name(v)),
          "attn_mask": try mask.map { .tensor(try name($0)) } ?? .none, "dropout_p": .float(0),
          "is_causal": .bool(false),
          "scale": float("scale").map(Argument.float) ?? .none, "enable_gqa": .bool(q.sizes[1] != k.sizes[1]),
        ], q.type, Array(q.sizes.dropLast()) + [v.sizes[3]])
    } else {
      result = try steps(q, k, v, mask, isCausal: isCausal, windows, past: past)
    }
    guard isFlat else { return give(result) }
    let back = try permute(result, [0, 2, 1, 3])
    give(try reshape(back, [back.sizes[0], back.sizes[1], back.sizes[2] * back.sizes[3]]))
  }

  /// Attention step by step, for what the engine's operator does not do.
  private func steps(
    _ q: ONNXValue, _ keys: ONNXValue, _ values: ONNXValue, _ mask: ONNXValue?, isCausal: Bool,
    _ windows: (left: Int, right: Int), past: SymbolicSize
  ) throws -> ONNXValue {
    guard let size = q.sizes[3].fixed else { throw refusal("the size of its heads is known only when it runs") }
    let (k, v) = (try shared(keys, q), try shared(values, q))
    let root = (float("scale") ?? 1 / Double(size).squareRoot()).squareRoot()
    let turned = try permute(scalar("mul.Scalar", k, root), [0, 1, 3, 2])
    var scores = try product(scalar("mul.Scalar", q, root), turned)
    let mode = int("qk_matmul_output_mode", 0)
    if mode == 0 { give(scores, at: 3) }
    let cap = float("softcap", 0)
    if cap != 0 {
      scores = try scalar("mul.Scalar", unary("tanh", scalar("div.Scalar", scores, cap)), cap)
    }
    if mode == 1 { give(scores, at: 3) }
    let minus = constant(-.infinity, q.type)
    if var mask {
      if let width = mask.sizes.last, width != k.sizes[2] {
        guard let short = width.fixed, let whole = k.sizes[2].fixed, short < whole else {
          throw refusal("its mask is of another length than its keys")
        }
        mask = try padded(
          mask, [Int](repeating: 0, count: mask.rank), [Int](repeating: 0, count: mask.rank - 1) + [whole - short],
          value: mask.type == .bool ? 0 : -.infinity)
      }
      scores =
        mask.type == .bool ? try self.where(mask, scores, minus) : try binary("add.Tensor", scores, mask)
    }
    if let allowed = try allowed(scores, isCausal: isCausal, windows, past: past) {
      scores = try self.where(allowed, scores, minus)
    }
    if mode == 2 { give(scores, at: 3) }
    let precise = try type("softmax_precision") ?? (q.type == .f16 || q.type == .bf16 ? .f32 : q.type)
    let wide = try cast(scores, to: precise)
    var shares = op("softmax.int", ["self": .tensor(try name(wide)), "dim": .int(-1)], precise, wide.sizes)
    // Rows without a key give zeros.
    let most = try reduced("amax", wide, [3], keeps: true)
    let isDead = try scalar("eq.Scalar", most, -.infinity, type: .bool)
    shares = try cast(try self.where(isDead, constant(0, precise), shares), to: q.type)
    if mode == 3 { give(shares, at: 3) }
    return try product(shares, v)
  }

  /// Keys or values, each head for as many of queries as it serves.
  private func shared(_ x: ONNXValue, _ q: ONNXValue) throws -> ONNXValue {
    guard x.sizes[1] != q.sizes[1] else { return x }
    guard case .fixed(let times)? = q.sizes[1].exactlyDivided(by: x.sizes[1]) else {
      throw refusal("its heads of keys do not divide those of queries")
    }
    return op(
      "repeat_interleave.self_int", ["self": .tensor(try name(x)), "repeats": .int(times), "dim": .int(1)], x.type,
      [x.sizes[0], q.sizes[1], x.sizes[2], x.sizes[3]])
  }

  /// Which keys a query may see by its place; nil where it sees all.
  private func allowed(
    _ scores: ONNXValue, isCausal: Bool, _ windows: (left: Int, right: Int), past: SymbolicSize
  ) throws -> ONNXValue? {
    func numbers(_ start: SymbolicSize, _ count: SymbolicSize) throws -> ONNXValue {
      op(
        "arange.start",
        [
          "start": try lowering.argument(start), "end": try lowering.argument(start + count), "dtype": .dtype(.i64),
        ], .i64, [count])
    }
    let (rows, columns) = (scores.sizes[2], scores.sizes[3])
    guard isCausal || windows.left >= 0 || windows.right >= 0 || isGiven(6) else { return nil }
    let keys = try numbers(.fixed(0), columns)
    var places = try unsqueeze(numbers(past, rows), 1)
    var result: ONNXValue?
    func require(_ other: ONNXValue) throws {
      result = try result.map { try binary("logical_and", $0, other) } ?? other
    }
    if isGiven(6) {
      // [batch, 1, 1, 1]: how many keys are no padding.
      let counts = try reshape(cast(input(6), to: .i64), [try input(6).sizes[0], .fixed(1), .fixed(1), .fixed(1)])
      try require(try binary("lt.Tensor", keys, counts, type: .bool))
      let offset: ONNXValue =
        switch rows {
        case .fixed(let number): try scalar("sub.Scalar", counts, Double(number))
        case .symbolic:
          op(
            "sub.Scalar", ["self": .tensor(try name(counts)), "other": try lowering.argument(rows)], .i64, counts.sizes)
        }
      if past == .fixed(0) { places = try binary("add.Tensor", places, offset) }
    }
    if isCausal { try require(try binary("le.Tensor", keys, places, type: .bool)) }
    if windows.left >= 0 {
      try require(try binary("ge.Tensor", keys, scalar("sub.Scalar", places, Double(windows.left)), type: .bool))
    }
    if windows.right >= 0 {
      try require(try binary("le.Tensor", keys, scalar("add.Scalar", places, Double(windows.right)), type: .bool))
    }
    return result
  }

  /// `[batch, length, heads * size]` as `[batch, heads, length, size]`.
  private func parted(_ x: ONNXValue, _ heads: Int) throws -> ONNXValue {
    guard let size = x.sizes[2].exactlyDivided(by: .fixed(heads)) else {
      throw refusal("its heads do not divide its width")
    }
    return try permute(reshape(x, [x.sizes[0], x.sizes[1], .fixed(heads), size]), [0, 2, 1, 3])
  }

  fileprivate func rotary() throws {
    let x = try input(0)
    var (cosines, sines) = (try input(1), try input(2))
    var value = x
    let isFlat = x.rank == 3
    if isFlat {
      guard let heads = int("num_heads"), heads > 0 else { throw refusal("its heads are left out") }
      guard let size = x.sizes[2].exactlyDivided(by: .fixed(heads)) else {
        throw refusal("its heads do not divide its width")
      }
      value = try reshape(x, [x.sizes[0], x.sizes[1], .fixed(heads), size])
    } else {
      value = try permute(x, [0, 2, 1, 3])
    }
    // [batch, length, heads, size] from here on.
    guard let size = value.sizes[3].fixed else { throw refusal("the size of its heads is known only when it runs") }
    let width = int("rotary_embedding_dim", 0) == 0 ? size : int("rotary_embedding_dim", 0)
    if isGiven(3) {
      let places = try input(3)
      func rows(_ cache: ONNXValue) throws -> ONNXValue {
        let flat = try reshape(places, [.product(places.sizes)])
        let found = op(
          "index_select",
          ["self": .tensor(try name(cache)), "dim": .int(0), "index": .tensor(try name(cast(flat, to: .i64)))],
          cache.type,
          [flat.sizes[0], cache.sizes[1]])
        return try reshape(found, places.sizes + [cache.sizes[1]])
      }
      (cosines, sines) = (try rows(cosines), try rows(sines))
    }
    (cosines, sines) = (try unsqueeze(cosines, 2), try unsqueeze(sines, 2))
    let turning = try slice(value, 3, 0, width)
    let half = width / 2
    let (first, second): (ONNXValue, ONNXValue)
    let isInterleaved = bool("interleaved")
    if isInterleaved {
      let pairs = try reshape(turning, Array(value.sizes[..<3]) + [.fixed(half), .fixed(2)])
      (first, second) = (try select(pairs, 4, 0), try select(pairs, 4, 1))
    } else {
      (first, second) = (try slice(turning, 3, 0, half), try slice(turning, 3, half, width))
    }
    let real = try binary(
      "sub.Tensor", binary("mul.Tensor", cosines, first), binary("mul.Tensor", sines, second))
    let other = try binary(
      "add.Tensor", binary("mul.Tensor", sines, first), binary("mul.Tensor", cosines, second))
    var turned: ONNXValue
    if isInterleaved {
      turned = try cat([unsqueeze(real, 4), unsqueeze(other, 4)], 4)
      turned = try reshape(turned, Array(value.sizes[..<3]) + [.fixed(width)])
    } else {
      turned = try cat([real, other], 3)
    }
    if width < size { turned = try cat([turned, slice(value, 3, width, size)], 3) }
    give(isFlat ? try reshape(turned, x.sizes) : try permute(turned, [0, 2, 1, 3]))
  }
}
