import Torch

/// The last layer of ``MultiheadAttention``, under the name that PyTorch prints.
final class NonDynamicallyQuantizableLinear: Linear {}

/// Attention of several heads (Vaswani et al. 2017): `torch.nn.MultiheadAttention`.
///
/// Parameters `in_proj_weight` [3 · width, width] (or, where keys or values have another width, `q_proj_weight`,
/// `k_proj_weight` and `v_proj_weight`), `in_proj_bias` [3 · width], with `addBiasKV` also `bias_k` and `bias_v`
/// [1, 1, width]; child `out_proj`.
///
/// Every forward pass reads all weights anew and calls `out_proj` as a module, so that pruning any of them works.
///
/// ```swift
/// let attention = MultiheadAttention(8, heads: 2, batchFirst: true)
/// let (output, weights) = attention(x, x, x)  // x, output [N, L, 8], weights [N, L, L]
/// ```
open class MultiheadAttention: Module {
  /// The length of queries and of the output.
  public final var width: Int { length(of: hasPackedProjection ? "in_proj_weight" : "q_proj_weight", 1) }
  /// The length of all heads together: that of queries, until heads are taken out.
  public final var projectedWidth: Int {
    hasPackedProjection ? length(of: "in_proj_weight", 0) / 3 : length(of: "q_proj_weight", 0)
  }
  /// The number of heads, among which the projected width is divided. Where heads are taken out, set it together with
  /// the tensors.
  public final var heads: Int
  /// The probability of dropout of the attention weights, while training.
  public final let dropout: Double
  /// Whether the batch is the first dimension of input and output, and not the second.
  public final let batchFirst: Bool
  /// Whether a key and a value of zeros are added.
  public final let addZeroAttention: Bool
  /// Whether queries, keys and values have one width, so that `in_proj_weight` holds all three projections.
  public final let hasPackedProjection: Bool
  /// The last layer, `out_proj`.
  public final let outProj: Linear

  /// A layer with PyTorch's arguments and initial values: the projections of the input from Xavier's uniform
  /// distribution, `out_proj.weight` as in ``Linear``, biases 0.
  /// - Parameters:
  ///   - width: The length of queries and of the output.
  ///   - heads: The number of heads; must divide the width.
  ///   - dropout: Of the attention weights, while training.
  ///   - bias: Whether the projections have biases.
  ///   - addBiasKV: Whether a trained key and value are added.
  ///   - addZeroAttention: Whether a key and a value of zeros are added.
  ///   - keyWidth: The length of keys, where it is not that of queries.
  ///   - valueWidth: The length of values, where it is not that of queries.
  ///   - batchFirst: Whether input and output are [N, L, width] and not [L, N, width].
  ///   - device: Where the parameters lie.
  ///   - dtype: The parameters' type.
  public init(
    _ width: Int, heads: Int, dropout: Double = 0, bias: Bool = true, addBiasKV: Bool = false,
    addZeroAttention: Bool = false, keyWidth: Int? = nil, valueWidth: Int? = nil, batchFirst: Bool = false,
    device: Device = .cpu, dtype: DType = .float32
  ) {
    precondition(
      width > 0 && heads > 0 && width % heads == 0,
      "MultiheadAttention: the width (\(width)) must be divisible by the number of heads (\(heads))")
    self.heads = heads
    self.dropout = dropout
    self.batchFirst = batchFirst
    self.addZeroAttention = addZeroAttention
    hasPackedProjection = (keyWidth ?? width) == width && (valueWidth ?? width) == width
    outProj = NonDynamicallyQuantizableLinear(width, width, bias: bias, device: device, dtype: dtype)
    super.init()
    func parameter(_ name: String, _ shape: [Int], _ fill: (Tensor) -> Void) {
      let tensor = Tensor.empty(shape, dtype: dtype, device: device)
      fill(tensor)
      registerParameter(name, tensor)
    }
    if hasPackedProjection {
      parameter("in_proj_weight", [3 * width, width]) { Init.xavierUniform($0) }
    } else {
      parameter("q_proj_weight", [width, width]) { Init.xavierUniform($0) }
      parameter("k_proj_weight", [width, keyWidth ?? width]) { Init.xavierUniform($0) }
      parameter("v_proj_weight", [width, valueWidth ?? width]) { Init.xavierUniform($0) }
    }
    if bias {
      parameter("in_proj_bias", [3 * width]) { Init.zeros($0) }
      Init.zeros(outProj["bias"])
    }
    if addBiasKV {
      parameter("bias_k", [1, 1, width]) { Init.xavierNormal($0) }
      parameter("bias_v", [1, 1, width]) { Init.xavierNormal($0) }
    }
  }

  /// PyTorch's name of the last layer.
  open override var childNames: [String: String] { ["outProj": "out_proj"] }

  /// Attention of a sequence to itself, without the weights, so that the layer can stand in a ``Sequential``.
  open override func forward(_ x: Tensor) -> Tensor { attend(x, x, x, AttentionOptions(needWeights: false)).output }

  /// The layer applied, after the hooks, which see query, key and value.
  ///
  /// Shapes, with `batchFirst` N and L (or S) exchanged, and without N for input without: query [L, N, width], key
  /// [S, N, keyWidth], value [S, N, valueWidth], output [L, N, width], weights [N, L, S].
  /// - Parameters:
  ///   - query: What asks.
  ///   - key: What is compared with the query.
  ///   - value: What is averaged.
  ///   - keyPaddingMask: [N, S]: true for keys that are passed over, or numbers that are added.
  ///   - needWeights: Whether the weights are returned; without them a faster operator can be used.
  ///   - attentionMask: [L, S] or [N · heads, L, S]: true for pairs that are passed over, or numbers that are added.
  ///   - averageWeights: Whether the weights are averaged over the heads; otherwise they are [N, heads, L, S].
  ///   - isCausal: Says that `attentionMask` is the causal one, as a hint to the operator.
  public final func callAsFunction(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, keyPaddingMask: Tensor? = nil, needWeights: Bool = true,
    attentionMask: Tensor? = nil, averageWeights: Bool = true, isCausal: Bool = false
  ) -> (output: Tensor, weights: Tensor?) {
    let options = AttentionOptions(
      keyPaddingMask: keyPaddingMask, needWeights: needWeights, attentionMask: attentionMask,
      averageWeights: averageWeights, isCausal: isCausal)
    return withForwardPreHooks([query, key, value]) { attend($0[0], $0[1], $0[2], options) }
  }
}
