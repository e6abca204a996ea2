#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How a target is approached during training: which share of it is reached at which part of the way.
///
/// A schedule knows nothing of targets or steps, so that each works with each. Progress counts from 0, before the first
/// step, to 1, after the last.
public struct Schedule: Hashable, Sendable {
  /// The shape of the way.
  public enum Curve: String, Hashable, Sendable, CaseIterable {
    /// All at once, at the start.
    case oneShot
    /// Evenly.
    case linear
    /// Fast at first: `1 - (1 - t)³` (Zhu and Gupta 2017, "To prune, or not to prune").
    case cubic
    /// The same share of what is left with each update: the iterative pruning of Han et al. (2015) and of the lottery
    /// ticket hypothesis.
    case exponential
    /// Cubic in each of several cycles, each of which begins with nothing pruned again (Srinivas et al. 2022, "Cyclical
    /// Pruning for Sparse Neural Networks").
    case cyclic
  }

  /// The shape of the way.
  public var curve: Curve
  /// The progress at which pruning begins.
  public var start: Double
  /// The progress at which the target is reached.
  public var end: Double
  /// How often masks change on the way, the last time at the end; nil for at each step.
  public var updates: Int?
  /// How often a cyclic schedule begins anew.
  public var cycles: Int

  /// A schedule.
  ///
  /// - Precondition: `0 <= start <= end <= 1`, one update and one cycle or more.
  public init(_ curve: Curve, from start: Double = 0, to end: Double = 1, updates: Int? = nil, cycles: Int = 1) {
    precondition(
      0 <= start && start <= end && end <= 1, "Schedule: expected 0 <= from <= to <= 1, found \(start) and \(end)")
    precondition((updates ?? 1) > 0 && cycles > 0, "Schedule: expected one update and one cycle or more")
    (self.curve, self.start, self.end, self.updates, self.cycles) = (curve, start, end, updates, cycles)
  }

  /// All at once, before the first step.
  public static let oneShot = Schedule(.oneShot)
  /// All at once.
  public static func oneShot(at progress: Double) -> Schedule { Schedule(.oneShot, from: progress, to: progress) }
  /// Evenly.
  public static func linear(from start: Double = 0, to end: Double = 1, updates: Int? = nil) -> Schedule {
    Schedule(.linear, from: start, to: end, updates: updates)
  }
  /// Fast at first.
  public static func cubic(from start: Double = 0, to end: Double = 1, updates: Int? = nil) -> Schedule {
    Schedule(.cubic, from: start, to: end, updates: updates)
  }
  /// The same share of what is left with each update.
  public static func exponential(from start: Double = 0, to end: Double = 1, updates: Int? = nil) -> Schedule {
    Schedule(.exponential, from: start, to: end, updates: updates)
  }
  /// Cubic, again and again.
  public static func cyclic(
    _ cycles: Int, from start: Double = 0, to end: Double = 1, updates: Int? = nil
  ) -> Schedule { Schedule(.cyclic, from: start, to: end, updates: updates, cycles: cycles) }

  /// The share of the target that is reached at a progress, in 0...1.
  ///
  /// - Parameters:
  ///   - progress: 0...1.
  ///   - remaining: The share that stays when the target is reached, 1 less a sparsity: what ``Curve/exponential``
  ///     approaches evenly in proportion. For targets that are no shares leave it out.
  public func share(at progress: Double, remaining: Double = 0.5) -> Double {
    if progress < start { return 0 }
    if curve == .oneShot { return 1 }
    if progress >= end { return 1 }
    var way = (progress - start) / (end - start)
    // Between updates everything stays as it is; a hair's breadth forgives rounding.
    if let updates { way = (way * Double(updates) + 1e-9).rounded(.down) / Double(updates) }
    switch curve {
    case .oneShot: return 1
    case .linear: return way
    case .cubic: return Self.cubic(way)
    case .exponential:
      return remaining <= 0 || remaining >= 1 ? way : (1 - pow(remaining, way)) / (1 - remaining)
    case .cyclic:
      let cycle = way * Double(cycles)
      return Self.cubic(cycle - cycle.rounded(.down))
    }
  }

  private static func cubic(_ way: Double) -> Double { 1 - (1 - way) * (1 - way) * (1 - way) }

  /// Whether masks change at a step, counted from 0 of `steps`: where the share differs from that at the step before.
  public func isUpdate(at step: Int, of steps: Int) -> Bool {
    func share(_ step: Int) -> Double { self.share(at: Double(step) / Double(max(steps, 1))) }
    return step == 0 ? share(0) > 0 : share(step) != share(step - 1)
  }
}
