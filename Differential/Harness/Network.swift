import NN
import Torch

extension Layer {
  /// The layer in Bonsai.
  func make() -> Module {
    switch self {
    case .linear(let inputs, let outputs, let bias): Linear(inputs, outputs, bias: bias)
    case .bilinear(let first, let second, let outputs, let bias): Bilinear(first, second, outputs, bias: bias)
    case .convolution(let rank, let inputs, let outputs, let kernel, let stride, let padding, let groups, let bias):
      switch rank {
      case 1:
        Conv1d(inputs, outputs, kernelSize: kernel, stride: stride, padding: padding, groups: groups, bias: bias)
      case 2:
        Conv2d(inputs, outputs, kernelSize: kernel, stride: stride, padding: padding, groups: groups, bias: bias)
      default:
        Conv3d(inputs, outputs, kernelSize: kernel, stride: stride, padding: padding, groups: groups, bias: bias)
      }
    case .convTranspose2d(let inputs, let outputs, let kernel, let stride, let bias):
      ConvTranspose2d(inputs, outputs, kernelSize: kernel, stride: stride, bias: bias)
    case .batchNorm(let rank, let features): rank == 1 ? BatchNorm1d(features) : BatchNorm2d(features)
    case .layerNorm(let shape, let bias): LayerNorm(shape, bias: bias)
    case .embedding(let count, let width, let padding): Embedding(count, width, paddingIndex: padding)
    case .prelu(let slopes): PReLU(slopes)
    case .lstm(let inputs, let hidden, let layers, let bias, let batchFirst, let bidirectional, let projection):
      LSTM(
        inputs, hidden, layers: layers, bias: bias, batchFirst: batchFirst, bidirectional: bidirectional,
        projectionSize: projection)
    case .gru(let inputs, let hidden, let layers, let bias, let batchFirst, let bidirectional):
      GRU(inputs, hidden, layers: layers, bias: bias, batchFirst: batchFirst, bidirectional: bidirectional)
    case .attention(let width, let heads, let bias, let biasKV, let zeroAttention):
      MultiheadAttention(width, heads: heads, bias: bias, addBiasKV: biasKV, addZeroAttention: zeroAttention)
    case .relu: ReLU()
    case .tanh: Tanh()
    case .gelu: GELU()
    case .flatten: Flatten()
    case .maxPool2d(let size): MaxPool2d(size)
    case .dropout(let p): Dropout(p)
    }
  }
}

extension Program {
  /// The network in Bonsai, with the initial values that its seed gives.
  func makeNetwork() -> Sequential {
    manualSeed(seed)
    return fresh().to(DType(dtype) ?? .float32)
  }

  /// The layers with whatever values the default generator gives.
  func fresh() -> Sequential { Sequential(layers.map { $0.make() }) }
}

extension Sequential {
  /// All outputs for the inputs; a layer that stands alone gives more than one where it has more.
  func outputs(_ inputs: [Tensor]) -> [Tensor] {
    guard modules.count == 1 else { return [self(inputs[0])] }
    switch modules[0] {
    case let attention as MultiheadAttention where inputs.count == 3:
      let (output, weights) = attention(inputs[0], inputs[1], inputs[2])
      return [output] + (weights.map { [$0] } ?? [])
    case let bilinear as Bilinear: return [bilinear(inputs[0], inputs[1])]
    case let lstm as LSTM:
      let (output, state) = lstm(inputs[0], state: nil)
      return [output, state.hidden, state.cell]
    case let gru as GRU:
      let (output, state) = gru(inputs[0], state: nil)
      return [output, state]
    default: return [self(inputs[0])]
    }
  }
}

extension OptimizerSpec {
  /// The optimiser in Bonsai, or nil where there is nothing to move.
  func make(_ parameters: [Tensor]) -> (any Optimizer)? {
    guard !parameters.isEmpty else { return nil }
    switch kind {
    case "sgd":
      return SGD(
        parameters, learningRate: learningRate, momentum: momentum, dampening: dampening, weightDecay: weightDecay,
        nesterov: nesterov, maximize: maximize)
    case "adamw":
      return AdamW(
        parameters, learningRate: learningRate, epsilon: epsilon, weightDecay: weightDecay, amsgrad: amsgrad,
        maximize: maximize)
    default:
      return Adam(
        parameters, learningRate: learningRate, epsilon: epsilon, weightDecay: weightDecay, amsgrad: amsgrad,
        maximize: maximize)
    }
  }
}

extension Method {
  /// The dimension of a structured method.
  var dim: Int? {
    switch self {
    case .ln(_, _, let dim), .randomStructured(_, let dim): dim
    case .everyOther(let type, let dim) where type == "structured": dim
    default: nil
    }
  }
}
