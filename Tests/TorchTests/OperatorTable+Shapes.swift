import Torch

extension OperatorTable {
  static let shapes: [String: Body] = [
    "reshape": {
      [$0[0].reshape(4, 3), $0[0].reshape(-1), $0[0].view(2, -1), $0[0].flatten(), $0[0].flatten(0, 0)]
    },
    "view.dtype": { [$0[0].view(.int32)] }, "unflatten": { [$0[0].unflatten(1, [2, -1])] },
    "transpose": { [$0[0].transpose(0, 2), $0[0].permute(2, 0, 1), $0[0].movedim(0, 2)] },
    "t": { [$0[0].t] },
    "squeeze": { [$0[0].squeeze(), $0[0].squeeze(1), $0[0].unsqueeze(0), $0[0].unsqueeze(-1)] },
    "expand": { [$0[0].expand([3, 4]), $0[0].expand(as: $0[1]), $0[0].expand([2, -1, -1])] },
    "repeat": { [$0[0].repeat(2, 3), $0[0].repeatInterleave(2, dim: 1), $0[0].repeatInterleave(2)] },
    "asStrided": { [$0[0].asStrided([2, 3], strides: [1, 4])] },
    "flip": { [$0[0].flip(0), $0[0].flip(0, 1)] },
    "roll": { [$0[0].roll(1, 0), $0[0].roll([1, -2], [0, 1])] },
    "pad": { [$0[0].pad([1, 2]), $0[0].pad([1, 0, 0, 2], value: 9)] },
    "pad.mode": { x in ["reflect", "replicate", "circular"].map { x[0].pad([1, 2], mode: $0) } },
    "split": { $0[0].split(2, dim: 1) + $0[0].split([1, 3], dim: 1) + $0[0].chunk(2, dim: 1) + $0[0].unbind() },
    "cat": { x in [.cat(x), .cat(x, dim: 1), .stack(x), .stack(x, dim: 2)] },
    "channelsLast": { [$0[0].contiguous(.channelsLast) * 2] },
    "to": { x in
      let order: [DType] = [.float32, .float64, .float16, .bfloat16, .int64, .int32, .int16, .int8, .uint8, .bool]
      return order.map { x[0].to($0) }
    },
  ]

  static let positions: [String: Body] = [
    "index": { x in
      let a = x[0]
      return [
        a[0], a[-1], a[1, 2], a[.all, 1], a[1..., ..<2], a[0..<2, .slice(1, 4, step: 2)], a[.ellipsis, 0],
        a[.newAxis, 0], a[-2 ... -1], a[...(-2), -2 ... -1],
      ]
    },
    "index.tensor": { x in
      let (a, k) = (x[0], x[1])
      return [a[k], a[.all, k], a[k, k], a[0, k], a[k, 1..<3]]
    },
    "index.mask": { x in
      let (a, m) = (x[0], x[1])
      return [a[m], a[m[.all, 0]], a[.all, m[0]], a[m[.all, 0], m[1]]]
    },
    "index.twoMasks": { [$0[0][$0[1], $0[2]], $0[0][.ellipsis, $0[1], .newAxis][0]] },
    "index.cube": { x in
      let (a, k) = (x[0], x[1])
      return [a[.all, .all, k], a[1, .all, k], a[.ellipsis, k, .all], a[.all, .newAxis, k], a[.all, 1, .ellipsis, 0]]
    },
    "index.set": { x in
      let (k, m, y) = (x[1], x[2], x[3])
      func written(_ write: (Tensor) -> Void) -> Tensor {
        let copy = x[0].clone()
        write(copy)
        return copy
      }
      return [
        written { $0[0] = y[1] }, written { $0[.all, 1] = Tensor(7 as Float) }, written { $0[m] = Tensor(0) },
        written { $0[k] = y }, written { $0[0..<2, 1..<3] = y[0, ..<2] }, written { $0[0] = y[.newAxis, .newAxis, 1] },
        written { $0[.all, k[..<2]] = y[.all, ..<2] }, written { $0[m] = y.flatten()[..<6] },
        written { $0[.ellipsis, -1] = y[.all, 0] },
      ]
    },
    "indexSelect": { [$0[0].indexSelect(0, $0[1]), $0[0].indexSelect(1, $0[1])] },
    "maskedSelect": { [$0[0].maskedSelect($0[1])] },
    "gather": { [$0[0].gather(0, $0[1]), $0[0].take($0[1]), $0[0].takeAlongDim($0[1][.all, ..<3].t, 1)] },
    "narrow": { [$0[0].narrow(1, start: 1, length: 2), $0[0].select(0, 1)] },
    "maskedFill": { [$0[0].maskedFill($0[1], 0), $0[0].maskedFill($0[1], -Double.infinity)] },
    "maskedScatter": { [$0[0].maskedScatter($0[1], $0[2])] },
    "scatter": { [$0[0].scatter(0, $0[1], $0[2]), $0[0].scatter(0, $0[1], 1.5), $0[0].scatterAdd(0, $0[1], $0[2])] },
    "indexAdd": { [$0[0].indexAdd(0, $0[1], $0[2])] },
    "indexCopy": { [$0[0].clone().indexCopyInPlace(0, $0[1], $0[2]), $0[0].clone().indexFillInPlace(1, $0[1], 9)] },
    "oneHot": { [$0[0].oneHot(), $0[0].oneHot(5)] },
  ]

  static let creation: [String: Body] = [
    "create": { _ in
      [
        .zeros([2, 3]), .ones([2], dtype: .int64), .full([2], 1.5), .full([2], true, dtype: .bool), .eye(3),
        .arange(to: 5), .arange(1, to: 10, step: 3), .arange(0, to: 1, step: 0.25), .linspace(0, 1, count: 5),
      ]
    },
    "like": { [$0[0].zerosLike(), $0[0].onesLike(), $0[0].fullLike(3), $0[0].zerosLike(dtype: .int64)] },
  ]
}
