import Torch

/// Attention of a sequence to itself, then two linear layers at each position, both added to what went in and normalised
/// (Vaswani et al. 2017): `torch.nn.TransformerEncoderLayer`.
///
/// Input and output [L, N, width], or [N, L, width] with `batchFirst`, or [L, width]; children `self_attn`, `linear1`,
/// `dropout`, `linear2`, `norm1`, `norm2`, `dropout1`, `dropout2`. The steps are those of PyTorch outside of its fused
/// operator for evaluation, which no pruning could take part in.
open class TransformerEncoderLayer: Module {
  /// What stands between the linear layers.
  public enum Activation: String, Sendable {
    /// max(x, 0).
    case relu
    /// x Φ(x).
    case gelu
  }

  /// The attention, `self_attn`.
  public final let selfAttention: MultiheadAttention
  /// The first linear layer.
  public final let linear1: Linear
  /// Dropout between the linear layers.
  public final let dropout: Dropout
  /// The second linear layer.
  public final let linear2: Linear
  /// The norm of the attention.
  public final let norm1: LayerNorm
  /// The norm of the linear layers.
  public final let norm2: LayerNorm
  /// Dropout of the attention's output.
  public final let dropout1: Dropout
  /// Dropout of the linear layers' output.
  public final let dropout2: Dropout
  /// What stands between the linear layers.
  public final let activation: Activation
  /// Whether the norms stand before attention and linear layers, not behind what is added.
  public final let normFirst: Bool

  /// A layer with PyTorch's arguments and initial values.
  /// - Parameters:
  ///   - width: The length of each vector.
  ///   - heads: The number of heads of the attention; must divide the width.
  ///   - feedForward: The length between the linear layers.
  ///   - dropout: The probability of all dropouts, while training.
  ///   - activation: What stands between the linear layers.
  ///   - epsilon: What the norms add to the variance.
  ///   - batchFirst: Whether the batch is the first dimension and not the second.
  ///   - normFirst: Whether the norms come first.
  ///   - bias: Whether linear layers and norms have biases.
  ///   - device: Where the parameters lie.
  ///   - dtype: The parameters' type.
  public init(
    _ width: Int, heads: Int, feedForward: Int = 2048, dropout: Double = 0.1, activation: Activation = .relu,
    epsilon: Double = 1e-5, batchFirst: Bool = false, normFirst: Bool = false, bias: Bool = true,
    device: Device = .cpu, dtype: DType = .float32
  ) {
    selfAttention = MultiheadAttention(
      width, heads: heads, dropout: dropout, bias: bias, batchFirst: batchFirst, device: device, dtype: dtype)
    linear1 = Linear(width, feedForward, bias: bias, device: device, dtype: dtype)
    self.dropout = Dropout(dropout)
    linear2 = Linear(feedForward, width, bias: bias, device: device, dtype: dtype)
    norm1 = LayerNorm(width, epsilon: epsilon, bias: bias, device: device, dtype: dtype)
    norm2 = LayerNorm(width, epsilon: epsilon, bias: bias, device: device, dtype: dtype)
    dropout1 = Dropout(dropout)
    dropout2 = Dropout(dropout)
    self.activation = activation
    self.normFirst = normFirst
  }

  /// PyTorch's name of the attention.
  open override var childNames: [String: String] { ["selfAttention": "self_attn"] }

  /// The layer without masks.
  open override func forward(_ x: Tensor) -> Tensor { encoded(x, nil, nil, false) }

  /// The layer with masks, after the hooks, which see the sequence alone.
  /// - Parameters:
  ///   - x: The sequence.
  ///   - mask: [L, L] or [N · heads, L, L]: true for pairs that are passed over, or numbers that are added.
  ///   - paddingMask: [N, L]: true for positions that are passed over, or numbers that are added.
  ///   - isCausal: Says that `mask` is the causal one, as a hint to the operator.
  public final func callAsFunction(
    _ x: Tensor, mask: Tensor?, paddingMask: Tensor? = nil, isCausal: Bool = false
  ) -> Tensor {
    withForwardPreHooks([x]) { encoded($0[0], mask, paddingMask, isCausal) }
  }

  private final func encoded(_ x: Tensor, _ mask: Tensor?, _ paddingMask: Tensor?, _ isCausal: Bool) -> Tensor {
    func attended(_ x: Tensor) -> Tensor {
      dropout1(
        selfAttention(
          x, x, x, keyPaddingMask: paddingMask, needWeights: false, attentionMask: mask, isCausal: isCausal
        ).output)
    }
    func fed(_ x: Tensor) -> Tensor {
      let hidden = linear1(x)
      return dropout2(linear2(dropout(activation == .relu ? hidden.relu() : hidden.gelu())))
    }
    if normFirst {
      let x = x + attended(norm1(x))
      return x + fed(norm2(x))
    }
    let x = norm1(x + attended(x))
    return norm2(x + fed(x))
  }
}

/// Encoder layers one on top of the other: `torch.nn.TransformerEncoder`. Children `layers` and perhaps `norm`.
open class TransformerEncoder: Module {
  /// The layers, in order.
  public final let layers: ModuleList
  /// What the last output goes through.
  public final let norm: Module?

  /// A stack of equal layers, which begin with the same values, as PyTorch copies them.
  ///
  /// ```swift
  /// TransformerEncoder(TransformerEncoderLayer(64, heads: 4, batchFirst: true), layers: 2)
  /// ```
  /// - Parameters:
  ///   - layer: Makes a layer; called for each.
  ///   - count: How many.
  ///   - norm: What the last output goes through.
  public init(
    _ layer: @autoclosure () -> TransformerEncoderLayer, layers count: Int, norm: @autoclosure () -> Module? = nil
  ) {
    precondition(count > 0, "TransformerEncoder: expected at least one layer, found \(count)")
    let first = layer()
    let norm = norm()
    layers = ModuleList(
      [first]
        + (1..<count).map { _ in
          let copy = Generator.preservingState(layer)
          do { try copy.loadStateDict(first.stateDict) } catch { fatalError("TransformerEncoder: \(error)") }
          return copy
        })
    self.norm = norm
  }

  /// The stack without masks.
  open override func forward(_ x: Tensor) -> Tensor { encoded(x, nil, nil, false) }

  /// The stack with masks, after the hooks, which see the sequence alone; masks as of a layer.
  public final func callAsFunction(
    _ x: Tensor, mask: Tensor?, paddingMask: Tensor? = nil, isCausal: Bool = false
  ) -> Tensor {
    withForwardPreHooks([x]) { encoded($0[0], mask, paddingMask, isCausal) }
  }

  private final func encoded(_ x: Tensor, _ mask: Tensor?, _ paddingMask: Tensor?, _ isCausal: Bool) -> Tensor {
    let out = layers.modules.reduce(x) { x, module in
      guard let layer = module as? TransformerEncoderLayer else { return module(x) }
      return layer(x, mask: mask, paddingMask: paddingMask, isCausal: isCausal)
    }
    return norm.map { $0(out) } ?? out
  }
}
