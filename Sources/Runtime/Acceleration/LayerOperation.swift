import SparseKernels
import Torch

/// A linear layer or a convolution as a model calls it, with the norm and the activation that follow it; or a pool, which is
/// much faster in one memory format than in the other.
struct LayerOperation {
  enum Kind: Hashable {
    case linear
    /// Of one or two dimensions.
    case convolution(ConvolutionShape, dimensions: Int)
    /// The largest entry of windows of two dimensions; it has no weight.
    case maxPool(MaxPool)
  }

  /// Windows of two dimensions.
  struct MaxPool: Hashable {
    var size: [Int]
    var stride: [Int]
    var padding: [Int]
    var dilation: [Int]
    var ceilMode: Bool
  }

  /// A norm of channels with running statistics, in evaluation.
  struct Norm {
    var weight: Tensor?
    var bias: Tensor?
    var mean: Tensor
    var variance: Tensor
    var epsilon: Double
  }

  var path: String
  var kind: Kind
  /// The weight as it takes part, zeros where it is pruned.
  var weight: Tensor
  var bias: Tensor?
  var norm: Norm?
  var activation: Activation = .identity

  /// What LibTorch computes, with the weight in a memory format; the input and the output are in it too.
  func dense(_ x: Tensor, weight: Tensor) -> Tensor {
    var y: Tensor
    switch kind {
    case .linear: y = linear(x, weight, bias)
    case .convolution(let shape, dimensions: 1):
      y = conv1d(
        x, weight, bias, stride: shape.stride.width, padding: shape.padding.width, dilation: shape.dilation.width,
        groups: shape.groups)
    case .convolution(let shape, _):
      y = conv2d(
        x, weight, bias, stride: [shape.stride.height, shape.stride.width],
        padding: [shape.padding.height, shape.padding.width],
        dilation: [shape.dilation.height, shape.dilation.width], groups: shape.groups)
    case .maxPool(let pool):
      y = maxPool2d(
        x, pool.size, stride: pool.stride, padding: pool.padding, dilation: pool.dilation, ceilMode: pool.ceilMode)
    }
    if let norm {
      y = batchNorm(
        y, weight: norm.weight, bias: norm.bias, runningMean: norm.mean, runningVariance: norm.variance,
        training: false,
        epsilon: norm.epsilon)
    }
    switch activation {
    case .identity: return y
    case .relu: return y.relu()
    case .silu: return y.silu()
    case .gelu: return y.gelu()
    }
  }

  /// Weight and bias with the norm multiplied in, contiguous on the CPU.
  func folded() -> (weight: Tensor, bias: [Float]?) {
    noGrad {
      let weight = weight.detach().contiguous()
      guard let norm else { return (weight, bias?.array(of: Float.self)) }
      // In float64, so that one rounding is all that is added.
      var scale = (norm.variance.to(.float64) + norm.epsilon).rsqrt()
      if let factor = norm.weight { scale = scale * factor.to(.float64) }
      var shift = (bias?.to(.float64) ?? norm.mean.to(.float64).zerosLike()) - norm.mean.to(.float64)
      shift = shift * scale
      if let offset = norm.bias { shift = shift + offset.to(.float64) }
      let rows = [scale.count] + [Int](repeating: 1, count: weight.rank - 1)
      return ((weight.to(.float64) * scale.reshape(rows)).to(.float32).contiguous(), shift.array(of: Float.self))
    }
  }

  /// Why there is no sparse kernel for the layer; nil where there may be one.
  var obstacle: String? {
    if weight.dtype != .float32 { return "its weight is \(weight.dtype), not float32" }
    if weight.device != .cpu { return "its weight lies on \(weight.device)" }
    if case .convolution(let shape, _) = kind, shape.groups > 1, shape.inputs == shape.groups {
      return "depthwise: each output has one input channel alone"
    }
    return nil
  }

  /// Why the layer cannot be computed by a choice; nil where it can, as far as its sizes and types say.
  func refusal(of choice: LayerChoice) -> String? {
    switch choice {
    case .dense: return nil
    case .denseChannelsLast:
      switch kind {
      case .convolution(_, dimensions: 2), .maxPool: return nil
      case .linear, .convolution: return "channels side by side are for images"
      }
    case .sparse:
      if case .maxPool = kind { return "a pool has no weight" }
      return obstacle
    }
  }

  /// Whether an input is one that a sparse kernel of this layer takes; LibTorch says what is wrong with any other.
  func takes(_ x: Tensor) -> Bool {
    guard x.dtype == .float32, x.device == .cpu else { return false }
    let given = x.shape
    switch kind {
    case .maxPool: return false
    case .linear: return given.last == weight.shape[1]
    case .convolution(let shape, let dimensions):
      guard given.count == dimensions + 1 || given.count == dimensions + 2,
        given[given.count - dimensions - 1] == shape.inputs
      else { return false }
      let (height, width) = (dimensions == 1 ? 1 : given[given.count - 2], given[given.count - 1])
      return shape.outputSize(height: height, width: width) != nil
    }
  }

  /// In words: `conv2d 64 x 64 x 3 x 3`.
  var summary: String {
    func text(_ name: String, _ sizes: [Int]) -> String {
      "\(name) \(sizes.map(String.init).joined(separator: " x "))"
    }
    return switch kind {
    case .linear: text("linear", weight.shape)
    case .convolution(_, let dimensions): text("conv\(dimensions)d", weight.shape)
    case .maxPool(let pool): text("max_pool2d", pool.size)
    }
  }
}
