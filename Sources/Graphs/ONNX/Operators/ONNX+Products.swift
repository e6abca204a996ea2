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
            "equation": .string(equation),
            "tensors": .tensors(try values.enumerated().map { try step.name($1, input: $0) }),
          ], values[0].type, try step.einsumSizes(equation, values)))
    }
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
      try require(
        a.type.bitWidth <= 32 && !a.type.isWideInteger || a.type == .u32,
        "whole numbers of 64 bits are not multiplied exactly")
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
          if !isBehind {
            rest.append(Array(sizes.prefix(hidden)))
            sizes = sizes.dropFirst(hidden)
          }
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
}
