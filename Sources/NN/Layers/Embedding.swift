import Torch

/// A table of vectors, read by position: `torch.nn.Embedding`.
///
/// Input: positions (int64) of any shape [...], output [..., width]; parameter `weight` [count, width].
open class Embedding: Module {
  /// The number of vectors.
  public final var count: Int { length(of: "weight", 0) }
  /// The length of each vector.
  public final var width: Int { length(of: "weight", 1) }
  /// The position whose vector begins as 0 and gets no gradient.
  public final let paddingIndex: Int?
  /// The norm to which longer vectors are scaled down, in place, when they are read.
  public final let maxNorm: Double?
  /// The p of that norm.
  public final let normType: Double
  /// Whether gradients are divided by how often a position stands in the batch.
  public final let scaleGradByFrequency: Bool

  /// A table with PyTorch's initial values: normal draws.
  /// - Parameters:
  ///   - count: The number of vectors.
  ///   - width: The length of each vector.
  ///   - paddingIndex: Negative counts from the end.
  ///   - maxNorm: The norm to which longer vectors are scaled down when they are read.
  ///   - normType: The p of the largest norm.
  ///   - scaleGradByFrequency: Whether gradients are divided by how often a position stands in the batch.
  ///   - device: Where the parameters lie.
  ///   - dtype: The parameters' type.
  public init(
    _ count: Int, _ width: Int, paddingIndex: Int? = nil, maxNorm: Double? = nil, normType: Double = 2,
    scaleGradByFrequency: Bool = false, device: Device = .cpu, dtype: DType = .float32
  ) {
    if let paddingIndex {
      precondition((-count..<count).contains(paddingIndex), "Embedding: position \(paddingIndex) of \(count)")
    }
    self.paddingIndex = paddingIndex.map { $0 < 0 ? count + $0 : $0 }
    self.maxNorm = maxNorm
    self.normType = normType
    self.scaleGradByFrequency = scaleGradByFrequency
    super.init()
    let weight = Tensor.empty([count, width], dtype: dtype, device: device)
    Init.normal(weight)
    if let row = self.paddingIndex { weight[row].zero() }
    registerParameter("weight", weight)
  }

  /// The table as it takes part in the forward pass, [count, width].
  public final var weight: Tensor { self["weight"] }

  /// The vectors at the positions `x`.
  open override func forward(_ x: Tensor) -> Tensor {
    let weight = weight
    if let maxNorm { noGrad { _ = callValue("embedding_renorm_", weight.detach(), x, maxNorm, normType) } }
    return call("embedding", weight, x, paddingIndex ?? -1, scaleGradByFrequency)
  }

  /// Sizes, and what differs from the defaults.
  open override var extraDescription: String {
    var text = "\(count), \(width)"
    if let paddingIndex { text += ", padding_idx=\(paddingIndex)" }
    if let maxNorm { text += ", max_norm=\(maxNorm)" }
    if normType != 2 { text += ", norm_type=\(normType)" }
    if scaleGradByFrequency { text += ", scale_grad_by_freq=True" }
    return text
  }
}
