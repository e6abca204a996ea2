/// softmax(Q Kᵀ scale + mask) V: query [..., L, E], key [..., S, E], value [..., S, V] give [..., L, V]
/// (Vaswani et al. 2017).
/// - Parameters:
///   - query: What is looked for, at each of L positions.
///   - key: What the S positions answer to.
///   - value: What they hold.
///   - mask: True where a position takes part, or numbers to add; broadcast to [..., L, S].
///   - dropout: The probability with which a weight is dropped.
///   - isCausal: Whether position i sees positions up to i only; goes without a mask.
///   - scale: 1 / sqrt(E) by default.
public func scaledDotProductAttention(
  _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor? = nil, dropout: Double = 0, isCausal: Bool = false,
  scale: Double? = nil
) -> Tensor {
  call("scaled_dot_product_attention", query, key, value, mask, dropout, isCausal, keywords: [("scale", scale)])
}

/// Long short-term memory (Hochreiter & Schmidhuber 1997) over x [L, N, in], or [N, L, in] with `batchFirst`.
/// - Parameters:
///   - x: The sequences.
///   - hidden: The first hidden states, [layers * directions, N, hidden].
///   - cell: The first cell states, of the same shape.
///   - parameters: Of each layer and direction: weights for the input and for the hidden state, and their biases.
///   - hasBiases: Whether `parameters` holds biases.
///   - layers: How many stand on top of each other.
///   - dropout: Between layers, while training.
///   - training: Whether dropout is at work.
///   - isBidirectional: Whether each layer also runs backwards.
///   - batchFirst: Whether the batch is the first dimension of x and of the output.
/// - Returns: The hidden states of the last layer for each position, and the last hidden and cell states.
public func lstm(
  _ x: Tensor, hidden: Tensor, cell: Tensor, parameters: [Tensor], hasBiases: Bool = true, layers: Int = 1,
  dropout: Double = 0, training: Bool = false, isBidirectional: Bool = false, batchFirst: Bool = false
) -> (output: Tensor, hidden: Tensor, cell: Tensor) {
  let out = callList(
    "lstm.input", x, [hidden, cell], parameters, hasBiases, layers, dropout, training, isBidirectional, batchFirst)
  return (out[0], out[1], out[2])
}

/// Gated recurrent units (Cho et al. 2014) over x [L, N, in], or [N, L, in] with `batchFirst`. Parameters as of
/// ``lstm(_:hidden:cell:parameters:hasBiases:layers:dropout:training:isBidirectional:batchFirst:)``.
/// - Returns: The hidden states of the last layer for each position, and the last hidden states.
public func gru(
  _ x: Tensor, hidden: Tensor, parameters: [Tensor], hasBiases: Bool = true, layers: Int = 1, dropout: Double = 0,
  training: Bool = false, isBidirectional: Bool = false, batchFirst: Bool = false
) -> (output: Tensor, hidden: Tensor) {
  let out = callList(
    "gru.input", x, hidden, parameters, hasBiases, layers, dropout, training, isBidirectional, batchFirst)
  return (out[0], out[1])
}
