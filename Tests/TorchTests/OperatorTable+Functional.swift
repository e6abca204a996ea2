import Torch

extension OperatorTable {
  static let functional: [String: Body] = activations.merging(layers) { first, _ in first }
    .merging(losses) { first, _ in first }.merging(sequences) { first, _ in first }

  static let activations: [String: Body] = [
    "relu": { [relu($0[0])] }, "relu6": { [$0[0].relu6()] }, "silu": { [$0[0].silu()] }, "mish": { [$0[0].mish()] },
    "selu": { [$0[0].selu()] }, "sigmoid": { [$0[0].sigmoid()] }, "logSigmoid": { [$0[0].logSigmoid()] },
    "hardSigmoid": { [$0[0].hardSigmoid()] }, "hardSwish": { [$0[0].hardSwish()] },
    "gelu": { [$0[0].gelu(), $0[0].gelu(approximate: "tanh")] },
    "leakyRelu": {
      [
        $0[0].leakyRelu(), $0[0].elu(), $0[0].elu(0.5), $0[0].softplus(beta: 2, threshold: 1), $0[0].hardTanh(),
        $0[0].glu(),
      ]
    },
    "prelu": { [$0[0].prelu($0[1])] }, "softmax": { [$0[0].softmax(1), $0[0].logSoftmax(0)] },
  ]

  static let layers: [String: Body] = [
    "linear": { [linear($0[0], $0[1]), linear($0[0], $0[1], $0[2])] },
    "conv1d": { [conv1d($0[0], $0[1], stride: 2, padding: 1)] },
    "conv2d": {
      [
        conv2d($0[0], $0[1], $0[2], groups: 2),
        conv2d($0[0], $0[1], stride: [2, 1], padding: [1, 0], dilation: [2], groups: 2),
      ]
    },
    "conv3d": { [conv3d($0[0], $0[1], padding: [1])] },
    "convTranspose1d": { [convTranspose1d($0[0], $0[1], stride: 2, outputPadding: 1)] },
    "convTranspose2d": { [convTranspose2d($0[0], $0[1], stride: [2], padding: [1])] },
    "unfold": { [unfold($0[0], [3, 2], stride: [2])] },
    "embedding": { [embedding($0[0], $0[1])] },
    "maxPool": {
      [
        maxPool1d($0[0], 2), maxPool2d($0[1], 2), maxPool2d($0[1], 3, stride: 2, padding: 1),
        maxPool2d($0[1], [2, 3], stride: [1, 2], ceilMode: true),
      ]
    },
    "avgPool": {
      [
        avgPool1d($0[0], 2), avgPool2d($0[1], 2),
        avgPool2d($0[1], [3, 2], stride: [2, 1], padding: [1, 0], countsPadding: false),
      ]
    },
    "adaptivePool": {
      [adaptiveAvgPool1d($0[0], 4), adaptiveAvgPool2d($0[1], [3, 2]), adaptiveMaxPool2d($0[1], [3, 2])]
    },
    "upsample": { [upsampleNearest2d($0[0], [14, 12])] },
    "layerNorm": { [layerNorm($0[0], [4]), layerNorm($0[0], [4], weight: $0[1], bias: $0[1])] },
    "rmsNorm": { [rmsNorm($0[0], [4], weight: $0[1])] },
    "groupNorm": { [groupNorm($0[0], 2)] },
    "batchNorm": { x in
      func norm(training: Bool) -> Tensor {
        batchNorm(x[0], weight: nil, bias: nil, runningMean: x[1], runningVariance: x[2], training: training)
      }
      return [norm(training: false), norm(training: true), x[1], x[2]]
    },
    "normalize": { [normalize($0[0]), normalize($0[0], p: 1, dim: 0)] },
  ]

  static let losses: [String: Body] = [
    "crossEntropy": {
      [
        crossEntropy($0[0], $0[1]), crossEntropy($0[0], $0[1], reduction: .sum),
        crossEntropy($0[0], $0[1], reduction: .none, weight: $0[2]),
        crossEntropy($0[0], $0[1], ignoreIndex: 3, labelSmoothing: 0.1),
      ]
    },
    "crossEntropy.probabilities": { [crossEntropy($0[0], $0[1])] },
    "nllLoss": { [nllLoss($0[0].logSoftmax(1), $0[1])] },
    "mseLoss": { x in [.mean, .sum, .none].map { mseLoss(x[0], x[1], reduction: $0) } },
    "l1Loss": { x in [.mean, .sum, .none].map { l1Loss(x[0], x[1], reduction: $0) } },
    "smoothL1Loss": { x in [.mean, .sum, .none].map { smoothL1Loss(x[0], x[1], reduction: $0) } },
    "huberLoss": { x in [.mean, .sum, .none].map { huberLoss(x[0], x[1], reduction: $0) } },
    "smoothL1Loss.beta": { [smoothL1Loss($0[0], $0[1], beta: 0.5), huberLoss($0[0], $0[1], delta: 0.5)] },
    "binaryCrossEntropy": { x in [.mean, .none].map { binaryCrossEntropy(x[0].sigmoid(), x[1], reduction: $0) } },
    "binaryCrossEntropyWithLogits": {
      [
        binaryCrossEntropyWithLogits($0[0], $0[1]),
        binaryCrossEntropyWithLogits($0[0], $0[1], reduction: .sum, weight: $0[2], positiveWeight: $0[2] + 1),
      ]
    },
    "klDivergence": {
      [
        klDivergence($0[0].logSoftmax(1), $0[1]),
        klDivergence($0[0].logSoftmax(1), $0[1].log(), reduction: .sum, targetIsLogarithmic: true),
      ]
    },
    "cosineSimilarity": { [cosineSimilarity($0[0], $0[1])] },
  ]

  static let sequences: [String: Body] = [
    "attention": { x in
      let (q, k) = (x[0], x[1])
      return [
        scaledDotProductAttention(q, k, k), scaledDotProductAttention(q, q, q, isCausal: true),
        scaledDotProductAttention(q, q, q, mask: Tensor.ones([3, 3], dtype: .bool).tril(), scale: 0.3),
      ]
    },
    "lstm": { x in
      let out = lstm(x[0], hidden: x[1], cell: x[2], parameters: Array(x[3...]))
      return [out.output, out.hidden, out.cell]
    },
    "gru": { x in
      let out = gru(x[0], hidden: x[1], parameters: Array(x[2...]))
      return [out.output, out.hidden]
    },
    "foreach": { t in
      let (x, y) = (Array(t[0..<2]), Array(t[2..<4]))
      Foreach.addInPlace(x, y, scale: 0.5)
      Foreach.addInPlace(x, 1)
      Foreach.multiplyInPlace(x, 0.9)
      Foreach.multiplyInPlace(x, y)
      Foreach.multiplyInPlace(x, Tensor(1.5 as Float))
      Foreach.divideInPlace(x, 2)
      Foreach.divideInPlace(x, y)
      Foreach.lerpInPlace(x, y, 0.1)
      Foreach.addcmulInPlace(x, y, y, scale: 0.3)
      Foreach.addcdivInPlace(x, y, y, scale: -0.3)
      Foreach.addcdivInPlace(x, y, y, scales: [0.1, 0.2])
      Foreach.maximumInPlace(x, y)
      return x + Foreach.sqrt(y) + Foreach.add(x, y, scale: 2) + Foreach.multiply(x, y) + Foreach.norm(x)
    },
    "foreach.adam": { t in
      var out: [Tensor] = []
      for isDecoupled in [false, true] {
        let (x, m, s, steps) = (t[0].clone(), Tensor.zeros([3, 4]), Tensor.zeros([3, 4]), Tensor(1 as Float))
        var g = t[1].clone()
        for _ in 0..<3 {
          Foreach.adam(
            [x], gradients: [g], means: [m], squares: [s], steps: [steps], learningRate: 1e-2, beta1: 0.9,
            beta2: 0.99, weightDecay: 0.1, epsilon: 1e-8, isDecoupled: isDecoupled)
          steps += 1
          g = g * 0.5 + x
        }
        out += [x, m, s]
      }
      let (x, m, s, largest) = (t[0].clone(), t[2].clone(), t[3].clone(), t[3].clone())
      Foreach.adam(
        [x], gradients: [t[1].clone()], means: [m], squares: [s], largestSquares: [largest],
        steps: [Tensor(4 as Float)],
        learningRate: 1e-2, beta1: 0.9, beta2: 0.99, weightDecay: 0, epsilon: 1e-8, maximize: true)
      return out + [x, m, s, largest]
    },
    "foreach.sgd": { t in
      let (x, buffer, plain) = (t[0].clone(), Tensor.zeros([3, 4]), t[2].clone())
      for isFirst in [true, false] {
        Foreach.sgd(
          [x], gradients: [t[1].clone()], momenta: [buffer], learningRate: 0.05, momentum: 0.9, weightDecay: 0.1,
          isNesterov: true, isFirstStep: isFirst)
      }
      Foreach.sgd(
        [plain], gradients: [t[1].clone()], momenta: [], learningRate: 0.05, momentum: 0, weightDecay: 0,
        isNesterov: false, isFirstStep: true)
      return [x, buffer, plain]
    },
  ]
}
