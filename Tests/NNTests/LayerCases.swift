import NN
import Torch

/// A layer as Recorded/record.py builds it, and how it is called there.
struct LayerCase: Sendable {
  let build: @Sendable () -> Module
  let apply: @Sendable (Module, [Tensor]) -> [Tensor]

  init<M: Module>(
    _ build: @autoclosure @escaping @Sendable () -> M,
    _ apply: @escaping @Sendable (M, [Tensor]) -> [Tensor] = { [$0($1[0])] }
  ) {
    self.build = build
    self.apply = { module, inputs in
      guard let module = module as? M else { fatalError("\(module) is not \(M.self)") }
      return apply(module, inputs)
    }
  }
}

private func both(_ found: (output: Tensor, weights: Tensor?)) -> [Tensor] {
  [found.output] + (found.weights.map { [$0] } ?? [])
}
private func all(_ found: (output: Tensor, state: LSTM.State)) -> [Tensor] {
  [found.output, found.state.hidden, found.state.cell]
}
private func all(_ found: (output: Tensor, state: Tensor)) -> [Tensor] { [found.output, found.state] }

let layerCases: [String: LayerCase] = [
  "linear": LayerCase(Linear(7, 5)),
  "linear no bias": LayerCase(Linear(400, 12, bias: false)),
  "linear float64": LayerCase(Linear(7, 5, dtype: .float64)),
  "bilinear": LayerCase(Bilinear(3, 4, 5)) { [$0($1[0], $1[1])] },
  "conv1d": LayerCase(Conv1d(2, 4, kernelSize: 3, stride: 2, padding: 1)),
  "conv1d same circular": LayerCase(Conv1d(2, 4, kernelSize: 4, padding: .same, paddingMode: .circular)),
  "conv2d": LayerCase(Conv2d(1, 6, kernelSize: 5)),
  "conv2d grouped": LayerCase(
    Conv2d(4, 6, kernelSize: [3, 5], stride: [1, 2], padding: [1, 2], dilation: [2, 1], groups: 2, bias: false)),
  "conv2d same": LayerCase(Conv2d(2, 3, kernelSize: [2, 3], padding: .same)),
  "conv2d valid": LayerCase(Conv2d(2, 3, kernelSize: 2, padding: .valid)),
  "conv2d reflect": LayerCase(Conv2d(2, 3, kernelSize: 3, padding: [1, 2], paddingMode: .reflect)),
  "conv2d replicate": LayerCase(Conv2d(2, 3, kernelSize: 3, padding: 1, paddingMode: .replicate)),
  "conv3d": LayerCase(Conv3d(2, 3, kernelSize: 2, padding: 1)),
  "conv transpose 1d": LayerCase(ConvTranspose1d(2, 4, kernelSize: 3, stride: 2)),
  "conv transpose 2d": LayerCase(
    ConvTranspose2d(4, 6, kernelSize: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2, dilation: [1, 2])),
  "conv transpose 3d": LayerCase(ConvTranspose3d(2, 2, kernelSize: 2, bias: false)),
  "batch norm 1d": LayerCase(BatchNorm1d(4)),
  "batch norm 1d sequences": LayerCase(BatchNorm1d(4, momentum: nil)),
  "batch norm 2d": LayerCase(BatchNorm2d(3, epsilon: 1e-3, momentum: 0.2)),
  "batch norm 2d plain": LayerCase(BatchNorm2d(3, affine: false, trackRunningStats: false)),
  "batch norm 2d no bias": LayerCase(BatchNorm2d(3, bias: false)),
  "batch norm 3d": LayerCase(BatchNorm3d(2)),
  "layer norm": LayerCase(LayerNorm(6)),
  "layer norm 2d": LayerCase(LayerNorm([3, 5], epsilon: 1e-3, bias: false)),
  "layer norm plain": LayerCase(LayerNorm(6, elementwiseAffine: false)),
  "embedding": LayerCase(Embedding(10, 3)),
  "embedding full": LayerCase(
    Embedding(10, 3, paddingIndex: -1, maxNorm: 1, normType: 1, scaleGradByFrequency: true)),
  "dropout": LayerCase(Dropout()),
  "dropout 2d": LayerCase(Dropout2d(0.25)),
  "relu": LayerCase(ReLU()),
  "leaky relu": LayerCase(LeakyReLU(0.2)),
  "prelu": LayerCase(PReLU()),
  "prelu channels": LayerCase(PReLU(4, initial: 0.5)),
  "gelu": LayerCase(GELU()),
  "gelu tanh": LayerCase(GELU(approximate: .tanh)),
  "silu": LayerCase(SiLU()),
  "tanh": LayerCase(Tanh()),
  "sigmoid": LayerCase(Sigmoid()),
  "softmax": LayerCase(Softmax(1)),
  "log softmax": LayerCase(LogSoftmax(-1)),
  "max pool 1d": LayerCase(MaxPool1d(2)),
  "max pool 2d": LayerCase(MaxPool2d(2)),
  "max pool 2d full": LayerCase(MaxPool2d([2, 3], stride: 2, padding: 1, dilation: [1, 2], ceilMode: true)),
  "max pool 3d": LayerCase(MaxPool3d(2, stride: 1)),
  "avg pool 1d": LayerCase(AvgPool1d(2)),
  "avg pool 2d": LayerCase(AvgPool2d(2)),
  "avg pool 2d full": LayerCase(
    AvgPool2d([3, 2], stride: [2, 1], padding: 1, ceilMode: true, countIncludePad: false)),
  "avg pool 3d": LayerCase(AvgPool3d(2)),
  "adaptive avg pool 1d": LayerCase(AdaptiveAvgPool1d(3)),
  "adaptive avg pool 2d": LayerCase(AdaptiveAvgPool2d([2, 3])),
  "adaptive avg pool 2d open": LayerCase(AdaptiveAvgPool2d(nil, 2)),
  "adaptive max pool 1d": LayerCase(AdaptiveMaxPool1d(3)),
  "adaptive max pool 2d": LayerCase(AdaptiveMaxPool2d(2)),
  "flatten": LayerCase(Flatten()),
  "flatten from": LayerCase(Flatten(0, 1)),
  "identity": LayerCase(Identity()),
  "lstm": LayerCase(LSTM(3, 4)) { all($0($1[0], state: nil)) },
  "lstm state": LayerCase(LSTM(3, 4)) { all($0($1[0], state: ($1[1], $1[2]))) },
  "lstm deep": LayerCase(
    LSTM(3, 4, layers: 2, batchFirst: true, dropout: 0.5, bidirectional: true, projectionSize: 2)
  ) { all($0($1[0], state: nil)) },
  "lstm no bias": LayerCase(LSTM(3, 4, bias: false)) { all($0($1[0], state: nil)) },
  "gru": LayerCase(GRU(3, 4)) { all($0($1[0], state: nil)) },
  "gru state": LayerCase(GRU(3, 4, layers: 2, bias: false, batchFirst: true, bidirectional: true)) {
    all($0($1[0], state: $1[1]))
  },
  "gru unbatched": LayerCase(GRU(3, 4, layers: 2, dropout: 0.5)) { all($0($1[0], state: nil)) },
  "attention": LayerCase(MultiheadAttention(8, heads: 2)) { both($0($1[0], $1[0], $1[0])) },
  "attention heads": LayerCase(MultiheadAttention(8, heads: 4, bias: false, batchFirst: true)) {
    both($0($1[0], $1[0], $1[0], averageWeights: false))
  },
  "attention without weights": LayerCase(MultiheadAttention(8, heads: 2, batchFirst: true)) {
    both($0($1[0], $1[0], $1[0], needWeights: false))
  },
  "attention memory": LayerCase(MultiheadAttention(8, heads: 2)) { both($0($1[0], $1[1], $1[1])) },
  "attention three": LayerCase(MultiheadAttention(8, heads: 2, addBiasKV: true, addZeroAttention: true)) {
    both($0($1[0], $1[1], $1[2]))
  },
  "attention widths": LayerCase(MultiheadAttention(8, heads: 2, dropout: 0.5, keyWidth: 5, valueWidth: 6)) {
    both($0($1[0], $1[1], $1[2]))
  },
  "attention masks": LayerCase(MultiheadAttention(8, heads: 2, addBiasKV: true, batchFirst: true)) {
    let padding = Tensor([false, false, true, false, false, false], shape: [2, 3])
    return both($0($1[0], $1[0], $1[0], keyPaddingMask: padding, attentionMask: causalMask(3)))
  },
  "attention causal": LayerCase(MultiheadAttention(8, heads: 2, batchFirst: true)) {
    both($0($1[0], $1[0], $1[0], needWeights: false, attentionMask: causalMask(3), isCausal: true))
  },
  "attention unbatched": LayerCase(MultiheadAttention(8, heads: 2, addZeroAttention: true)) {
    both($0($1[0], $1[0], $1[0]))
  },
  "sequential": LayerCase(
    Sequential(Conv2d(1, 2, kernelSize: 3), BatchNorm2d(2), ReLU(), Flatten(), Linear(32, 3))),
]

/// True above the diagonal.
func causalMask(_ n: Int) -> Tensor {
  Tensor((0..<n * n).map { $0 % n > $0 / n }, shape: [n, n])
}
