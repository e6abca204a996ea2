import Checkpoints

extension ONNXOperatorTable {
  /// Products of matrices, attention, and sums in Einstein's notation.
  mutating func addProducts() {
    add("MatMul", "matmul linear") { step in
      let (a, b) = (try step.input(0), try step.input(1))
      step.give(try step.product(a, b))
    }
    add("Gemm", "linear matmul t mul add") { try $0.gemm() }
    add("MatMulInteger", "matmul sub to") { step in
      var zero = try step.optional(2)
      if let point = zero, point.rank == 1 { zero = try step.unsqueeze(point, 1) }
      let a = try step.shifted(step.input(0), zero, to: .f64)
      let b = try step.shifted(step.input(1), step.optional(3), to: .f64)
      step.give(try step.cast(try step.product(a, b), to: .i32))
    }
    add("Einsum", "einsum") { step in
      let values = try (0..<step.inputCount).map(step.input)
      let equation = step.string("equation", "").filter { $0 != " " }
      step.give(
        step.op(
          "einsum",
          [
            "equation": .string(equation), "tensors": .tensors(try values.enumerated().map { try step.name($1, input: $0) }),
          ], values[0].type, try step.einsumSizes(equation, values)))
    }
    add("Attention", "scaled_dot_product_attention matmul softmax", limits: "softcap, caches, and scores given out") {
      try $0.attention()
    }
    add("RotaryEmbedding", "mul add sub cat") { try $0.rotary() }
    refuse("LinearAttention CausalConvWithState", "its states over time are not followed")
  }
}

extension ONNXStep {
  func product(_ a: ONNXValue, _ b: ONNXValue) throws -> ONNXValue {
    var sizes: [SymbolicSize]
    switch (a.rank, b.rank) {
    case (1, 1): sizes = []
    case (1, _): sizes = Array(b.sizes.dropLast(2)) + [b.sizes[b.rank - 1]]
    case (_, 1): sizes = Array(a.sizes.dropLast())
    default:
      sizes =
        try broadcast([Array(a.sizes.dropLast(2)), Array(b.sizes.dropLast(2))])
        + [a.sizes[a.rank - 2], b.sizes[b.rank - 1]]
    }
    if let x = a.sizes.last?.fixed, let y = b.sizes[max(b.rank - 2, 0)].fixed {
      try require(x == y, "its factors are of \(x) columns and \(y) rows")
    }
    if !a.type.isFloat {
      let wide = try binary("matmul", cast(a, to: .f64), cast(b, to: .f64), sizes: sizes)
      try require(a.type.bitWidth <= 32 && !a.type.isWideInteger || a.type == .u32, "whole numbers of 64 bits are not multiplied exactly")
      return try cast(wide, to: a.type)
    }
    return try binary("matmul", a, b, sizes: sizes)
  }

  private func binary(_ target: String, _ a: ONNXValue, _ b: ONNXValue, sizes: [SymbolicSize]) throws -> ONNXValue {
    op(target, ["self": .tensor(try name(a)), "other": .tensor(try name(b))], a.type, sizes)
  }

  fileprivate func gemm() throws {
    var (a, b) = (try input(0), try input(1))
    let (alpha, beta) = (float("alpha", 1), float("beta", 1))
    try require(a.rank == 2 && b.rank == 2, "its factors are no matrices")
    if bool("transA") { a = op("t", ["self": .tensor(try name(a, input: 0))], a.type, [a.sizes[1], a.sizes[0]]) }
    let c = try optional(2)
    let isWhole = !a.type.isFloat
    let rows = bool("transB") ? b.sizes[0] : b.sizes[1]
    if bool("transB"), alpha == 1, beta == 1 || c == nil, !isWhole, c == nil || c?.sizes == [rows] {
      return give(
        op(
          "linear",
          [
            "input": .tensor(try name(a, input: 0)), "weight": try tensor(1),
            "bias": try optionalTensor(2),
          ], a.type, [a.sizes[0], rows]))
    }
    if bool("transB") { b = op("t", ["self": .tensor(try name(b, input: 1))], b.type, [b.sizes[1], b.sizes[0]]) }
    var result = try product(a, b)
    if alpha != 1 { result = try scalar("mul.Scalar", result, alpha) }
    if var c, beta != 0 {
      if beta != 1 { c = try scalar("mul.Scalar", c, beta) }
      result = try binary("add.Tensor", result, c)
    }
    give(result)
  }

  fileprivate func einsumSizes(_ equation: String, _ values: [ONNXValue]) throws -> [SymbolicSize] {
    let sides = equation.split(separator: "-", omittingEmptySubsequences: false)
    let operands = sides[0].split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
    try require(operands.count == values.count, "its equation does not fit its operands")
    var letters: [Character: SymbolicSize] = [:]
    var counts: [Character: Int] = [:]
    var rest: [[SymbolicSize]] = []
    for (operand, value) in zip(operands, values) {
      let named = operand.filter { $0 != "." }
      let hidden = operand.contains(".") ? value.rank - named.count : 0
      try require(named.count + hidden == value.rank && hidden >= 0, "its equation does not fit its operands")
      var sizes = value.sizes[...]
      var isBehind = false
      for character in operand {
        if character == "." {
          if !isBehind { rest.append(Array(sizes.prefix(hidden))); sizes = sizes.dropFirst(hidden) }
          isBehind = true
          continue
        }
        counts[character, default: 0] += 1
        if let size = sizes.popFirst(), letters[character] == nil || letters[character] == .fixed(1) {
          letters[character] = size
        }
      }
    }
    let hidden = try broadcast(rest)
    guard sides.count == 2, sides[1].first == ">" else {
      // Letters that stand once, in order, behind what is hidden.
      return hidden + letters.keys.sorted().filter { counts[$0] == 1 }.compactMap { letters[$0] }
    }
    var result: [SymbolicSize] = []
    var isBehind = false
    for character in sides[1].dropFirst() {
      if character == "." {
        if !isBehind { result += hidden }
        isBehind = true
      } else if let size = letters[character] {
        result.append(size)
      }
    }
    return result
  }

  fileprivate func attention() throws {
    var (q, k, v) = (try input(0), try input(1), try input(2))
    try require(float("softcap", 0) == 0, "its softcap is not followed")
    try require(!isWanted(3), "its scores are given out")
    try require(!has("softmax_precision"), "its softmax is of another precision")
    try require(!isGiven(6), "its lengths of padding are not followed")
    let isFlat = q.rank == 3
    if isFlat {
      guard let heads = int("q_num_heads"), let others = int("kv_num_heads") else { throw refusal("its heads are left out") }
      q = try parted(q, heads)
      k = try parted(k, others)
      v = try parted(v, others)
    }
    for (index, place) in [(4, 1), (5, 2)] where isGiven(index) {
      let past = try input(index)
      let joined = try cat([past, place == 1 ? k : v], 2)
      if place == 1 { k = joined } else { v = joined }
      if isWanted(place) { give(joined, at: place) }
    }
    if !isGiven(4) { for (place, value) in [(1, k), (2, v)] where isWanted(place) { give(value, at: place) } }
    try require(!(bool("is_causal") && isGiven(4)), "its cache shifts what is to come")
    var mask = try optional(3)
    let isCausal = bool("is_causal")
    if isCausal, let given = mask {
      // What is to come is left out of the mask given.
      guard let rows = q.sizes[2].fixed, let columns = k.sizes[2].fixed else {
        throw refusal("its lengths are known only when it runs")
      }
      let past = KnownTensor(
        .bool, [rows, columns], (0..<rows).flatMap { row in (0..<columns).map { .int($0 <= row ? 1 : 0) } })
      let allowed = ONNXValue(known: past)
      mask =
        given.type == .bool
        ? try binary("logical_and", given, allowed) : try self.where(allowed, given, constant(-.infinity, given.type))
    }
    if let given = mask, let columns = k.sizes[2].fixed, let width = given.sizes.last?.fixed, width != columns {
      throw refusal("its mask is shorter than its keys")
    }
    let isGrouped = q.sizes[1] != k.sizes[1]
    let scale: Argument = has("scale") ? .float(float("scale", 1)) : .none
    let result = op(
      "scaled_dot_product_attention",
      [
        "query": .tensor(try name(q)), "key": .tensor(try name(k)), "value": .tensor(try name(v)),
        "attn_mask": mask == nil ? .none : .tensor(try name(mask ?? q)), "dropout_p": .float(0),
        "is_causal": .bool(isCausal && mask == nil), "scale": scale, "enable_gqa": .bool(isGrouped),
      ], q.type, Array(q.sizes.dropLast()) + [v.sizes[3]])
    guard isFlat else { return give(result) }
    let back = try permute(result, [0, 2, 1, 3])
    give(try reshape(back, [back.sizes[0], back.sizes[1], back.sizes[2] * back.sizes[3]]))
  }

  /// `[batch, length, heads * size]` as `[batch, heads, length, size]`.
  private func parted(_ x: ONNXValue, _ heads: Int) throws -> ONNXValue {
    guard let size = x.sizes[2].exactlyDivided(by: .fixed(heads)) else { throw refusal("its heads do not divide its width") }
    return try permute(reshape(x, [x.sizes[0], x.sizes[1], .fixed(heads), size]), [0, 2, 1, 3])
  }

  fileprivate func rotary() throws {
    let x = try input(0)
    var (cosines, sines) = (try input(1), try input(2))
    var value = x
    let isFlat = x.rank == 3
    if isFlat {
      guard let heads = int("num_heads"), heads > 0 else { throw refusal("its heads are left out") }
      guard let size = x.sizes[2].exactlyDivided(by: .fixed(heads)) else { throw refusal("its heads do not divide its width") }
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
          ["self": .tensor(try name(cache)), "dim": .int(0), "index": .tensor(try name(cast(flat, to: .i64)))], cache.type,
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
