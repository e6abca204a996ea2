import Torch

/// The Swift function of each case that Recorded/record.py holds; inputs in, outputs out.
enum OperatorTable {
  typealias Body = @Sendable ([Tensor]) -> [Tensor]

  static let all: [String: Body] =
    [arithmetic, comparison, elementwise, inPlace, matrices, reductions, shapes, positions, creation].merged()
    .merging(functional) { first, _ in first }

  static let arithmetic: [String: Body] = [
    "add": { [$0[0] + $0[1]] },
    "add.broadcast": { [$0[0] + $0[1]] },
    "add.promote": { [$0[0] + $0[1]] },
    "add.number": { [$0[0] + 1, 2.5 + $0[0]] },
    "add.number.int": { [$0[0] + 2, $0[0] + 2.5] },
    "add.number.half": { [$0[0] + 2, 2.5 + $0[0]] },
    "add.number.bool": { [$0[0] + 1, $0[0] * 2.5, $0[0] + true] },
    "sub": { [$0[0] - $0[1], $0[0] - 1, 1 - $0[0]] },
    "sub.int": { [$0[0] - $0[1], $0[0] - 1, 1 - $0[0]] },
    "mul": { [$0[0] * $0[1], $0[0] * 2, 0.5 * $0[0]] },
    "mul.mixed": { [$0[0] * $0[1], $0[1] * $0[0]] },
    "div": { [$0[0] / $0[1], $0[0] / 2, 2 / $0[0]] },
    "div.int": { [$0[0] / $0[1], $0[0] / 2, 2 / $0[1]] },
    "remainder": { [$0[0] % $0[1], $0[0] % 3] },
    "remainder.float": { [$0[0] % $0[1], $0[0] % 0.3] },
    "floorDivide": { [$0[0].floorDivide($0[1]), $0[0].floorDivide(3)] },
    "floorDivide.float": { [$0[0].floorDivide($0[1]), $0[0].floorDivide(0.3)] },
    "fmod": { [$0[0].fmod($0[1])] },
    "neg": { [-$0[0]] },
    "pow": { [$0[0].pow(2), $0[0].pow(0.5), $0[0].pow(-1), $0[0].pow($0[1])] },
    "pow.int": { [$0[0].pow(3)] },
    "addcmul": { [$0[0].addcmul($0[1], $0[2]), $0[0].addcmul($0[1], $0[2], scale: 0.5)] },
    "addcdiv": { [$0[0].addcdiv($0[1], $0[2], scale: -2)] },
    "lerp": { [$0[0].lerp($0[1], 0.3)] },
    "bits.bool": { [$0[0] & $0[1], $0[0] | $0[1], $0[0] ^ $0[1], ~$0[0]] },
    "bits.int": { [$0[0] & $0[1], $0[0] | $0[1], $0[0] ^ $0[1], ~$0[0]] },
  ]

  static let comparison: [String: Body] = [
    "compare": { x in
      let (a, b) = (x[0], x[1])
      return [a .== b, a .!= b, a .< b, a .<= b, a .> b, a .>= b]
    },
    "compare.number": { x in
      let a = x[0]
      return [a .== 1, a .!= 1, a .< 1, a .<= 1, a .> 1, a .>= 1]
    },
    "compare.nan": { [$0[0] .== $0[0], $0[0] .!= $0[0], $0[0] .< 0, $0[0] .>= 0] },
    "logical": {
      [$0[0].logicalAnd($0[1]), $0[0].logicalOr($0[1]), $0[0].logicalXor($0[1]), $0[0].logicalNot()]
    },
    "classify": { [$0[0].isNaN(), $0[0].isInf(), $0[0].isFinite()] },
    "isIn": { [$0[0].isIn($0[1])] },
    "isClose": { [$0[0].isClose($0[0] + Tensor([0, 0, 0, 1e-7, 1e-2, 0] as [Float]), equalNaN: true)] },
    "maximum": { [$0[0].maximum($0[1]), $0[0].minimum($0[1])] },
    "clamp": { [$0[0].clamp(min: -0.5, max: 0.5), $0[0].clamp(min: 0), $0[0].clamp(max: 0)] },
    "clamp.tensor": { [$0[0].clamp(min: $0[1], max: $0[2])] },
    "where": { x in
      let (mask, a, b) = (x[0], x[1], x[2])
      return [
        a.where(mask, else: b), a.where(mask, else: 0.0), Tensor.where(mask, 1.0, else: 0.0), .where(mask, 1, else: 0),
      ]
    },
    "nanToNum": { [$0[0].nanToNum(), $0[0].nanToNum(nan: 1, positive: 2, negative: 3)] },
  ]

  static let elementwise: [String: Body] = [
    "abs": { [$0[0].abs()] }, "sign": { [$0[0].sign()] }, "exp": { [$0[0].exp()] }, "exp2": { [$0[0].exp2()] },
    "expm1": { [$0[0].expm1()] }, "square": { [$0[0].square()] }, "floor": { [$0[0].floor()] },
    "ceil": { [$0[0].ceil()] }, "round": { [$0[0].round()] }, "trunc": { [$0[0].trunc()] },
    "frac": { [$0[0].frac()] }, "sin": { [$0[0].sin()] }, "cos": { [$0[0].cos()] }, "tan": { [$0[0].tan()] },
    "atan": { [$0[0].atan()] }, "sinh": { [$0[0].sinh()] }, "cosh": { [$0[0].cosh()] }, "tanh": { [$0[0].tanh()] },
    "erf": { [$0[0].erf()] }, "log": { [$0[0].log()] }, "log2": { [$0[0].log2()] }, "log10": { [$0[0].log10()] },
    "log1p": { [$0[0].log1p()] }, "sqrt": { [$0[0].sqrt()] }, "rsqrt": { [$0[0].rsqrt()] },
    "reciprocal": { [$0[0].reciprocal()] }, "lgamma": { [$0[0].lgamma()] }, "asin": { [$0[0].asin()] },
    "acos": { [$0[0].acos()] }, "erfinv": { [$0[0].erfinv()] }, "round.half": { [$0[0].round()] },
    "round.decimals": { [$0[0].round(decimals: 2)] }, "sqrt.int": { [$0[0].sqrt()] },
    "exp.half": { [$0[0].exp()] }, "exp.bfloat16": { [$0[0].exp()] }, "exp.double": { [$0[0].exp()] },
    "atan2": { [$0[0].atan2($0[1])] }, "hypot": { [$0[0].hypot($0[1])] }, "copySign": { [$0[0].copySign($0[1])] },
  ]

  static let inPlace: [String: Body] = [
    "inPlace": { x in
      let (a, b) = (x[0], x[1])
      a += b
      a.addInPlace(b, scale: 0.5)
      a -= b
      a *= b
      a /= b
      return [a]
    },
    "inPlace.number": { x in
      let a = x[0]
      a += 1.5
      a -= 0.25
      a *= 3
      a /= 2
      return [a]
    },
    "inPlace.int": { x in
      let a = x[0]
      a += 3
      a -= 1
      a *= 2
      return [a]
    },
    "inPlace.addcmul": { x in
      let (a, b, c) = (x[0], x[1], x[2])
      a.addcmulInPlace(b, c, scale: 0.5).addcdivInPlace(b, c, scale: -1)
      return [a.lerpInPlace(b, 0.25).clampInPlace(min: -1, max: 1)]
    },
    "inPlace.fill": { [$0[0].clone().fill(2.5), $0[0].clone().zero(), $0[0].maskedFillInPlace($0[1], -1)] },
    "inPlace.copy": { [$0[0].copy(from: $0[1])] },
  ]

  static let matrices: [String: Body] = [
    "matmul": { [$0[0].matmul($0[1])] }, "matmul.vector": { [$0[0].matmul($0[1])] },
    "matmul.batch": { [$0[0].matmul($0[1])] }, "bmm": { [$0[0].bmm($0[1])] },
    "addmm": { [$0[0].addmm($0[1], $0[2], beta: 0.5, alpha: 2)] },
    "baddbmm": { [$0[0].baddbmm($0[1], $0[2], beta: 0.5)] },
    "dot": { [$0[0].dot($0[1])] }, "outer": { [$0[0].outer($0[1].to(.float32))] },
    "einsum": { [.einsum("bij,bjk->bik", $0[0], $0[1]), .einsum("bij->ji", $0[0])] },
    "trace": { [$0[0].trace()] }, "diagonal": { [$0[0].diagonal(1), $0[0].diagonal(-1), $0[0].diag()] },
    "diag": { [$0[0].diag()] }, "tril": { [$0[0].tril(), $0[0].triu(), $0[0].tril(1), $0[0].triu(-1)] },
    "inverse": { [$0[0].inverse()] }, "cholesky": { [$0[0].cholesky()] },
    "vectorNorm": { x in [2, 1, 0, 3.5, .infinity, -.infinity].map { x[0].vectorNorm($0) } },
    "vectorNorm.dims": { [$0[0].vectorNorm(2, [0, 2]), $0[0].vectorNorm(1, [1], keepDim: true)] },
    "vectorNorm.dtype": { [$0[0].vectorNorm(dtype: .float32)] },
    "matrixNorm": { [$0[0].matrixNorm(), $0[0].matrixNorm("nuc")] },
  ]

  static let reductions: [String: Body] = [
    "sum": { [$0[0].sum(), $0[0].sum([0]), $0[0].sum([0, 1], keepDim: true), $0[0].sum(1)] },
    "sum.bool": { [$0[0].sum(), $0[0].sum(0)] }, "sum.half": { [$0[0].sum()] },
    "prod": { [$0[0].prod(), $0[0].prod(1)] },
    "mean": { [$0[0].mean(), $0[0].mean([0]), $0[0].mean(1, keepDim: true)] },
    "variance": {
      [
        $0[0].variance(), $0[0].variance(correction: 0), $0[0].variance([0]),
        $0[0].variance([1], correction: 0, keepDim: true),
      ]
    },
    "std": { [$0[0].std(), $0[0].std([0]), $0[0].std([1], correction: 0)] },
    "logSumExp": { [$0[0].logSumExp([1])] },
    "all": { [$0[0].all(), $0[0].all(0), $0[0].any(), $0[0].any(1)] },
    "countNonzero": { [Tensor($0[0].countNonzero()), $0[0].countNonzero([0])] },
    "max": { x in
      let (a, b) = (x[0].max(0), x[0].min(1, keepDim: true))
      return [x[0].max(), x[0].min(), a.values, a.indices, b.values, b.indices]
    },
    "amax": { [$0[0].amax(), $0[0].amin([0]), $0[0].amax([0, 2], keepDim: true)] },
    "argmax": { [$0[0].argmax(), $0[0].argmin(), $0[0].argmax(0), $0[0].argmin(1, keepDim: true)] },
    "median": { [$0[0].median(), $0[0].median(1).values, $0[0].median(1).indices] },
    "kthValue": { [$0[0].kthValue(2, dim: 1).values, $0[0].kthValue(2, dim: 1).indices] },
    "quantile": { [$0[0].quantile(0.3), $0[0].quantile(0.5, dim: 1)] },
    "sort": { x in
      let (a, b) = (x[0].sort(), x[0].sort(0, descending: true))
      return [a.values, a.indices, b.values, b.indices, x[0].argsort(1)]
    },
    "sort.stable": { [$0[0].sort().values, $0[0].sort().indices] },
    "topk": { x in
      let (a, b) = (x[0].topk(2), x[0].topk(2, dim: 0, largest: false))
      return [a.values, a.indices, b.values, b.indices]
    },
    "unique": { x in
      let out = x[0].unique()
      return [out.values, out.inverse, out.counts]
    },
    "bincount": { [$0[0].bincount(), $0[0].bincount(minLength: 8)] },
    "histc": { [$0[0].histc(bins: 4, in: -2...2)] },
    "cumsum": { [$0[0].cumsum(0), $0[0].cumsum(1)] }, "cumprod": { [$0[0].cumprod(1)] },
    "nonzero": { [$0[0].nonzero()] },
  ]
}

extension [[String: OperatorTable.Body]] {
  fileprivate func merged() -> [String: OperatorTable.Body] { reduce(into: [:]) { $0.merge($1) { first, _ in first } } }
}
