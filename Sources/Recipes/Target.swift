import Sparsity

/// How much goes.
public enum Target: Hashable, Sendable {
  /// A share or a number of what is still unpruned, PyTorch's meaning: half of it, and the next time half of the rest.
  case amount(Amount)
  /// The share of ALL entries, channels or blocks that are pruned afterwards, those pruned before included.
  case sparsity(Double)
  /// Whatever is smaller in score than this: in magnitude, or in the norm of a channel or block.
  case below(Double)

  /// How many go; nil for a threshold, which says it when scores are known.
  ///
  /// - Parameters:
  ///   - total: All entries, channels or blocks.
  ///   - open: Those that are still unpruned.
  /// - Throws: `AmountError` where the amount is invalid, or more than are open.
  public func count(of total: Int, open: Int) throws(AmountError) -> Int? {
    switch self {
    case .amount(let amount): try amount.entries(of: open)
    case .sparsity(let sparsity): max(0, try Amount.fraction(sparsity).entries(of: total) - (total - open))
    case .below: nil
    }
  }

  /// The target at a part of the way, as a ``Schedule`` says.
  public func scaled(by schedule: Schedule, at progress: Double) -> Target {
    switch self {
    case .amount(.fraction(let share)): .amount(.fraction(schedule.share(at: progress, remaining: 1 - share) * share))
    case .amount(.count(let count)):
      .amount(.count(Int((schedule.share(at: progress) * Double(count)).rounded(.toNearestOrEven))))
    case .sparsity(let sparsity): .sparsity(schedule.share(at: progress, remaining: 1 - sparsity) * sparsity)
    case .below(let threshold): .below(schedule.share(at: progress) * threshold)
    }
  }
}

extension Target: CustomStringConvertible {
  /// Such as `a share of 0.5`.
  public var description: String {
    switch self {
    case .amount(.fraction(let share)): "a share of \(share)"
    case .amount(.count(let count)): "a number of \(count)"
    case .sparsity(let sparsity): "a sparsity of \(sparsity)"
    case .below(let threshold): "a threshold of \(threshold)"
    }
  }
}
