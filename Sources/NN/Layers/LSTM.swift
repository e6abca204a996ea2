import Torch

/// Long short-term memory (Hochreiter & Schmidhuber 1997): `torch.nn.LSTM`.
///
/// Input [L, N, in], or [N, L, in] with `batchFirst`, or [L, in]; output of the same form with `hidden` (or, with
/// projections, `projectionSize`) entries for each direction.
///
/// ```swift
/// let lstm = LSTM(10, 20, layers: 2)
/// let (output, state) = lstm(x, state: nil)  // x [5, 3, 10], output [5, 3, 20], state.hidden [2, 3, 20]
/// ```
open class LSTM: RNNBase {
  /// The state that is handed from step to step: [layers · directions, N, hidden] each, without N for input without.
  public typealias State = (hidden: Tensor, cell: Tensor)

  /// A layer with PyTorch's arguments and initial values: all parameters uniform within ±1 / √hidden.
  /// - Parameters:
  ///   - inputSize: The length of each input vector.
  ///   - hiddenSize: The length of the hidden state.
  ///   - layers: The number of layers, one on top of the other.
  ///   - bias: Whether there are biases.
  ///   - batchFirst: Whether the batch is the first dimension of input and output, and not the second.
  ///   - dropout: Of the output of each layer but the last, while training.
  ///   - bidirectional: Whether each layer also runs backwards through the sequence.
  ///   - projectionSize: The length to which the hidden state is projected (Sak et al. 2014); 0 for none.
  ///   - device: Where the parameters lie.
  ///   - dtype: The parameters' type.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, layers: Int = 1, bias: Bool = true, batchFirst: Bool = false,
    dropout: Double = 0, bidirectional: Bool = false, projectionSize: Int = 0, device: Device = .cpu,
    dtype: DType = .float32
  ) {
    super.init(
      gates: 4, inputSize, hiddenSize, layers: layers, bias: bias, batchFirst: batchFirst, dropout: dropout,
      bidirectional: bidirectional, projectionSize: projectionSize, device: device, dtype: dtype)
  }

  /// The layer run over a sequence, after the hooks, which see the sequence alone.
  /// - Parameters:
  ///   - x: The input.
  ///   - state: Where to begin; zeros for nil.
  public final func callAsFunction(_ x: Tensor, state: State?) -> (output: Tensor, state: State) {
    withForwardPreHooks([x]) { unrolled($0[0], state) }
  }

  /// The output alone, from a state of zeros, so that the layer can stand in a ``Sequential``.
  open override func forward(_ x: Tensor) -> Tensor { unrolled(x, nil).output }

  private final func unrolled(_ x: Tensor, _ given: State?) -> (output: Tensor, state: State) {
    let (x, wasBatched) = batched(x)
    let hidden = state(given?.hidden, width: outputSize, for: x, wasBatched: wasBatched)
    let cell = state(given?.cell, width: hiddenSize, for: x, wasBatched: wasBatched)
    let out = lstm(
      x, hidden: hidden, cell: cell, parameters: weights, hasBiases: hasBias, layers: layerCount, dropout: dropout,
      training: isTraining, isBidirectional: isBidirectional, batchFirst: batchFirst)
    guard !wasBatched else { return (out.output, (out.hidden, out.cell)) }
    return (out.output.squeeze(batchDim), (out.hidden.squeeze(1), out.cell.squeeze(1)))
  }
}
