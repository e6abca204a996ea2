import NN
import Torch

private func encoderLayer() -> TransformerEncoderLayer {
  TransformerEncoderLayer(8, heads: 2, feedForward: 12, dropout: 0.25, batchFirst: true)
}

private func weightNormed<M: Module>(_ module: M, _ dim: Int? = 0) -> M {
  do { try WeightNorm.apply(to: module, dim: dim) } catch { fatalError("\(error)") }
  return module
}

/// The layers of Recorded/record_more.py.
let moreLayerCases: [String: LayerCase] = activationCases.merging(shapeCases) { first, _ in first }

private let activationCases: [String: LayerCase] = [
  "relu6": LayerCase(ReLU6()),
  "hardtanh": LayerCase(Hardtanh(minValue: -0.5, maxValue: 1.5)),
  "hardsigmoid": LayerCase(Hardsigmoid()),
  "hardswish": LayerCase(Hardswish()),
  "mish": LayerCase(Mish()),
  "elu": LayerCase(ELU(alpha: 0.7)),
  "celu": LayerCase(CELU(alpha: 1.3)),
  "selu": LayerCase(SELU()),
  "glu": LayerCase(GLU()),
  "log sigmoid": LayerCase(LogSigmoid()),
  "softplus": LayerCase(Softplus(beta: 2, threshold: 1.5)),
  "softsign": LayerCase(Softsign()),
  "hardshrink": LayerCase(Hardshrink()),
  "softshrink": LayerCase(Softshrink(0.3)),
  "tanhshrink": LayerCase(Tanhshrink()),
  "threshold": LayerCase(Threshold(0.1, 20)),
  "rrelu": LayerCase(RReLU()),
  "softmin": LayerCase(Softmin(1)),
  "softmax 2d": LayerCase(Softmax2d()),
  "group norm": LayerCase(GroupNorm(2, 6)),
  "group norm plain": LayerCase(GroupNorm(3, 6, epsilon: 1e-3, affine: false)),
  "group norm no bias": LayerCase(GroupNorm(1, 4, bias: false)),
  "rms norm": LayerCase(RMSNorm(6)),
  "rms norm 2d": LayerCase(RMSNorm([3, 5], epsilon: 1e-3)),
  "rms norm plain": LayerCase(RMSNorm(6, elementwiseAffine: false)),
  "instance norm 1d": LayerCase(InstanceNorm1d(3, affine: true)),
  "instance norm 2d": LayerCase(InstanceNorm2d(3)),
  "instance norm 2d tracked": LayerCase(
    InstanceNorm2d(3, epsilon: 1e-3, momentum: 0.3, affine: true, trackRunningStats: true)),
  "instance norm 3d": LayerCase(InstanceNorm3d(2, affine: true, bias: false)),
  "instance norm unbatched": LayerCase(InstanceNorm1d(3)),
  "encoder layer": LayerCase(encoderLayer()),
  "encoder layer norm first": LayerCase(
    TransformerEncoderLayer(
      8, heads: 2, feedForward: 12, dropout: 0.25, activation: .gelu, epsilon: 1e-3, normFirst: true, bias: false)),
  "encoder layer masks": LayerCase(
    TransformerEncoderLayer(8, heads: 2, feedForward: 12, dropout: 0, batchFirst: true)
  ) {
    let padding = Tensor([false, false, true, false, false, false], shape: [2, 3])
    return [$0($1[0], mask: causalMask(3), paddingMask: padding)]
  },
  "encoder": LayerCase(TransformerEncoder(encoderLayer(), layers: 2, norm: LayerNorm(8))),
  "weight norm": LayerCase(weightNormed(Linear(4, 3))),
  "weight norm conv": LayerCase(weightNormed(Conv2d(3, 2, kernelSize: 3), 1)),
  "weight norm whole": LayerCase(weightNormed(Linear(4, 3, bias: false), nil)),
]

private let shapeCases: [String: LayerCase] = [
  "zero pad 1d": LayerCase(ZeroPad1d(2)),
  "zero pad 2d": LayerCase(ZeroPad2d([1, 0, 2, 3])),
  "zero pad 3d": LayerCase(ZeroPad3d(1)),
  "constant pad 1d": LayerCase(ConstantPad1d([1, 2], 0.5)),
  "constant pad 2d": LayerCase(ConstantPad2d(1, 3.5)),
  "constant pad 3d": LayerCase(ConstantPad3d([1, 0, 0, 1, 2, 0], -1)),
  "reflection pad 1d": LayerCase(ReflectionPad1d([2, 1])),
  "reflection pad 2d": LayerCase(ReflectionPad2d(2)),
  "reflection pad 3d": LayerCase(ReflectionPad3d(1)),
  "replication pad 1d": LayerCase(ReplicationPad1d(2)),
  "replication pad 2d": LayerCase(ReplicationPad2d([1, 2, 0, 3])),
  "replication pad 3d": LayerCase(ReplicationPad3d(1)),
  "circular pad 1d": LayerCase(CircularPad1d(2)),
  "circular pad 2d": LayerCase(CircularPad2d([1, 2, 0, 3])),
  "circular pad 3d": LayerCase(CircularPad3d(1)),
  "conv1d replicate": LayerCase(Conv1d(2, 3, kernelSize: 3, padding: 2, paddingMode: .replicate)),
  "conv2d circular": LayerCase(Conv2d(3, 2, kernelSize: 3, padding: [1, 2], paddingMode: .circular)),
  "conv3d reflect": LayerCase(Conv3d(2, 2, kernelSize: 2, padding: 1, paddingMode: .reflect)),
  "pixel shuffle": LayerCase(PixelShuffle(2)),
  "pixel unshuffle": LayerCase(PixelUnshuffle(2)),
  "upsample": LayerCase(Upsample(factor: 2)),
  "upsample 1d": LayerCase(Upsample(factor: 1.5)),
  "upsample size": LayerCase(Upsample(size: [7, 3], mode: .nearestExact)),
  "upsample 3d": LayerCase(Upsample(size: 3)),
  "upsample linear": LayerCase(Upsample(factor: 2, mode: .linear)),
  "upsample bilinear": LayerCase(Upsample(factor: 1.5, mode: .bilinear)),
  "upsample bilinear aligned": LayerCase(Upsample(size: 6, mode: .bilinear, alignCorners: true)),
  "upsample bicubic": LayerCase(Upsample(factor: 2, mode: .bicubic)),
  "upsample trilinear": LayerCase(Upsample(factor: 2, mode: .trilinear)),
  "unflatten": LayerCase(Unflatten(1, [2, -1])),
  "dropout 1d": LayerCase(Dropout1d(0.25)),
  "dropout 3d": LayerCase(Dropout3d(0.25)),
  "alpha dropout": LayerCase(AlphaDropout(0.3)),
  "adaptive avg pool 3d": LayerCase(AdaptiveAvgPool3d([2, 1, 3])),
  "adaptive max pool 3d": LayerCase(AdaptiveMaxPool3d(2)),
]
