import Torch

/// Gated recurrent units (Cho et al. 2014): `torch.nn.GRU`.
///
/// Input [L, N, in], or [N, L, in] with `batchFirst`, or [L, in]; output of the same form with `hidden` entries for each
/// direction.
open class GRU: RNNBase {
  /// A layer with PyTorch's arguments and initial values: all parameters uniform within ±1 / √hidden.
  /// - Parameters:
  ///   - inputSize: The length of each input vector.
  ///   - hiddenSize: The length of the hidden state.
  ///   - layers: The number of layers, one on top of the other.
  ///   - bias: Whether there are biases.
  ///   - batchFirst: Whether the batch is the first dimension of input and output, and not the second.
  ///   - dropout: Of the output of each layer but the last, while training.
  ///   - bidirectional: Whether each layer also runs backwards through the sequence.
  ///   - device: Where the parameters lie.
  ///   - dtype: The parameters' type.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, layers: Int = 1, bias: Bool = true, batchFirst: Bool = false,
    dropout: Double = 0, bidirectional: Bool = false, device: Device = .cpu, dtype: DType = .float32
  ) {
    super.init(
      gates: 3, inputSize, hiddenSize, layers: layers, bias: bias, batchFirst: batchFirst, dropout: dropout,
      bidirectional: bidirectional, projectionSize: 0, device: device, dtype: dtype)
  }

  /// The layer run over a sequence, after the hooks, which see the sequence alone.
  /// - Parameters:
  ///   - x: The input.
  ///   - state: Where to begin, [layers · directions, N, hidden], without N for input without; zeros for nil.
  public final func callAsFunction(_ x: Tensor, state: Tensor?) -> (output: Tensor, state: Tensor) {
    withForwardPreHooks([x]) { unrolled($0[0], state) }
  }

  /// The output alone, from a state of zeros, so that the layer can stand in a ``Sequential``.
  open override func forward(_ x: Tensor) -> Tensor { unrolled(x, nil).output }

  private final func unrolled(_ x: Tensor, _ given: Tensor?) -> (output: Tensor, state: Tensor) {
    let (x, wasBatched) = batched(x)
    let hidden = state(given, width: hiddenSize, for: x, wasBatched: wasBatched)
    let out = gru(
      x, hidden: hidden, parameters: weights, hasBiases: hasBias, layers: layerCount, dropout: dropout,
      training: isTraining, isBidirectional: isBidirectional, batchFirst: batchFirst)
    guard !wasBatched else { return (out.output, out.hidden) }
    return (out.output.squeeze(batchDim), out.hidden.squeeze(1))
  }
}
