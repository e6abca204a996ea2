import Sparsity
import Torch

/// Prunes the channels along ``dim`` whose Ln norm is smallest. Counterpart of `torch.nn.utils.prune.LnStructured`.
///
/// Of equal norms the channel with the lowest index goes first. Filter pruning: Li et al. 2017, "Pruning Filters for
/// Efficient ConvNets".
public struct LnStructured: ChannelMethod {
  /// How many of the channels that take part are pruned.
  public let amount: Amount
  /// The norm.
  public let n: Norm
  /// The dimension whose channels are ranked: 0 for the outputs of a layer. Negative counts from the end.
  public let dim: Int
  /// What to do with norms that are NaN.
  public let nan: NaNRule
  /// Channels along ``dim``.
  public var pruningType: PruningType { .structured(dim: dim) }

  /// The method.
  /// - Parameters:
  ///   - amount: How much of what is still unpruned is pruned.
  ///   - n: The norm by which channels are ranked.
  ///   - dim: The dimension whose channels are ranked, negative from the end.
  ///   - nan: `.rankLargest` keeps channels whose norm is NaN longest, as PyTorch does.
  public init(amount: Amount, n: Norm, dim: Int = -1, nan: NaNRule = .refuse) {
    self.amount = amount
    self.n = n
    self.dim = dim
    self.nan = nan
  }

  /// The earlier mask with the channels of smallest norm zeroed; all channels of `scores` take part.
  public func computeMask(_ scores: Tensor, defaultMask: Tensor) throws -> Tensor {
    try channelMask(scores, defaultMask)
  }

  func survivors(of scores: Tensor, dim: Int, channels: BitMask) throws -> BitMask? {
    let k = try resolve(amount, of: channels.keptCount)
    let norms = try n.ofChannels(scores, dim: dim, context: description).to(.cpu).contiguous()
    return k == 0 ? nil : try select(k, of: [norms], kept: [channels], by: .value, nan: nan)[0]
  }
}

extension ChannelMethod {
  /// The mask of a tensor by itself, outside a module.
  func channelMask(_ scores: Tensor, _ defaultMask: Tensor) throws -> Tensor {
    let dim = try Composition.resolve(dim, in: scores.shape, context: description)
    let all = BitMask(repeating: true, count: scores.shape[dim])
    guard let channels = try survivors(of: scores.detach(), dim: dim, channels: all) else { return defaultMask }
    var broadcast = Array(repeating: 1, count: scores.rank)
    broadcast[dim] = channels.count
    let factor = Tensor.make(channels, shape: broadcast, dtype: scores.dtype).to(scores.device)
    return scores.onesLike() * factor * defaultMask.to(scores.dtype)
  }
}
