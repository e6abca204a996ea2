#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How masks move during training while the sparsity stays: in each weight a share of the kept entries is dropped, those of the
/// smallest magnitude, and as many grow among all that are pruned then, dropped ones included.
///
/// ```swift
/// Recipe(.random(seed: 0), target: .sparsity(0.9), distribution: .erk, regrowth: .rigL())   // sparse from the first step on
/// Recipe(.magnitude, target: .sparsity(0.9), schedule: .cubic(to: 0.5), regrowth: .rigL())  // while more and more is pruned
/// ```
///
/// The criterion of the recipe makes the first masks, by its schedule. What grows begins at 0; what was dropped and grew
/// again at once keeps its value.
public struct Regrowth: Hashable, Sendable {
  /// Where entries grow.
  public enum Growth: Hashable, Sendable {
    /// Where the gradient of the loss is largest: RigL (Evci et al. 2020, "Rigging the Lottery: Making All Tickets
    /// Winners").
    case gradient
    /// At random: SET (Mocanu et al. 2018, "Scalable training of artificial neural networks with adaptive sparse
    /// connectivity inspired by network science"). Numbers are PyTorch's for a seed and the step.
    case random(seed: UInt64)
  }

  /// How the share changes on the way.
  public enum Decay: String, Hashable, Sendable, CaseIterable {
    /// It stays.
    case none
    /// By a half cosine to 0: share / 2 · (1 + cos(π t)), with t from 0 at the start to 1 at the end.
    case cosine
  }

  /// Where entries grow.
  public var growth: Growth
  /// The share of the kept entries of each weight that moves, in 0...1; with a decay that of the beginning.
  public var share: Double
  /// How the share changes.
  public var decay: Decay
  /// When: the progress from which and to which masks move, and how often on the way.
  public var schedule: Schedule

  /// How masks move.
  ///
  /// - Parameters:
  ///   - growth: Where entries grow.
  ///   - share: The share of the kept entries of each weight that moves.
  ///   - decay: How that changes.
  ///   - start: The progress after which masks move.
  ///   - end: The progress at which they do for the last time.
  ///   - updates: How often they move on the way.
  /// - Precondition: `0 <= start <= end <= 1`, a share in 0...1 and one update or more.
  public init(
    _ growth: Growth, share: Double = 0.3, decay: Decay = .none, from start: Double = 0, to end: Double = 1,
    updates: Int
  ) {
    precondition((0...1).contains(share), "Regrowth: expected a share in 0...1, found \(share)")
    self.growth = growth
    self.share = share
    self.decay = decay
    schedule = .linear(from: start, to: end, updates: updates)
  }

  /// RigL with its authors' share and decay, over three quarters of the way. Theirs is an update every 100 steps.
  public static func rigL(share: Double = 0.3, from start: Double = 0, to end: Double = 0.75, updates: Int = 75) -> Self
  {
    Regrowth(.gradient, share: share, decay: .cosine, from: start, to: end, updates: updates)
  }

  /// SET with its authors' share. Theirs is an update after each epoch but the last.
  public static func set(
    seed: UInt64, share: Double = 0.3, from start: Double = 0, to end: Double = 0.9, updates: Int = 10
  ) -> Self { Regrowth(.random(seed: seed), share: share, from: start, to: end, updates: updates) }

  /// The share of the kept entries that moves at a step, counted from 0 of `steps`; nil where masks stay.
  public func share(at step: Int, of steps: Int) -> Double? {
    guard schedule.isUpdate(at: step, of: steps) else { return nil }
    let way = schedule.share(at: Double(step) / Double(max(steps, 1)))
    let moved = decay == .cosine ? share / 2 * (1 + cos(.pi * way)) : share
    // A half cosine ends a hair's breadth above 0.
    return moved > 1e-12 ? moved : nil
  }
}
