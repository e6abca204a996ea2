import Sparsity
import Torch

/// Prunes channels along ``dim`` at random. Counterpart of `torch.nn.utils.prune.RandomStructured`; after the same
/// `manualSeed` it gives PyTorch's masks.
///
/// A float32 is drawn from [0, 1) for each channel that takes part, and the smallest draws go. Exactly as many go as
/// ``amount`` says, also where draws are equal.
public struct RandomStructured: ChannelMethod {
  /// How many of the channels that take part are pruned.
  public let amount: Amount
  /// The dimension whose channels are drawn. Negative counts from the end.
  public let dim: Int
  /// Channels along ``dim``.
  public var pruningType: PruningType { .structured(dim: dim) }

  /// The method.
  public init(amount: Amount, dim: Int = -1) {
    self.amount = amount
    self.dim = dim
  }

  /// The earlier mask with channels zeroed at random; all channels of `scores` take part.
  public func computeMask(_ scores: Tensor, defaultMask: Tensor) throws -> Tensor {
    try channelMask(scores, defaultMask)
  }

  func survivors(of scores: Tensor, dim: Int, channels: BitMask) throws -> BitMask? {
    let k = try resolve(amount, of: channels.keptCount)
    guard k > 0 else { return nil }
    let draws = Tensor.rand([channels.keptCount])
    let compact = try select(k, of: [draws], kept: [nil], by: .value, nan: .refuse)[0]
    return channels.depositing(compact)
  }
}
