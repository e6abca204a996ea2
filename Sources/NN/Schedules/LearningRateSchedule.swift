import Foundation

/// How the step width of an optimiser changes from step to step, as a value: `torch.optim.lr_scheduler`.
///
/// ```swift
/// let schedule = LearningRateSchedule.chain(
///   [.linear(from: 0.1, steps: 100), .cosine(steps: 900)], switchingAt: [100])
/// var rates = schedule.rates(from: 0.1)
/// for (x, y) in batches {
///   optimizer.learningRate = rates.next()
///   ...
/// }
/// ```
///
/// What counts as a step, a batch or an epoch, is the caller's to say. Rates are those of PyTorch's schedulers, computed by
/// the same recursions.
public indirect enum LearningRateSchedule: Hashable, Codable, Sendable {
  /// The same in all steps.
  case constant
  /// Times a factor in so many first steps: `ConstantLR`.
  case scaled(by: Double, steps: Int)
  /// Times a factor that goes evenly from one number to another in so many steps: `LinearLR`, a warm-up.
  case linear(from: Double, to: Double = 1, steps: Int)
  /// Times the factor after every so many steps: `StepLR`.
  case step(every: Int, factor: Double = 0.1)
  /// Times the factor at each of the steps named: `MultiStepLR`.
  case multiStep([Int], factor: Double = 0.1)
  /// Times the factor at every step: `ExponentialLR`.
  case exponential(factor: Double)
  /// To the smallest rate along half a cosine, and back in as many steps (Loshchilov & Hutter 2016):
  /// `CosineAnnealingLR`.
  case cosine(steps: Int, minimum: Double = 0)
  /// To 0 in so many steps, along a power: `PolynomialLR`.
  case polynomial(steps: Int, power: Double = 1)
  /// Up to a peak, then down to nearly nothing (Smith & Topin 2017): `OneCycleLR` with `cycle_momentum=False`. The rate it
  /// begins from is the peak's, not the optimiser's.
  case oneCycle(OneCycle)
  /// One schedule after the other, each from its beginning at the step where it sets in: `SequentialLR`.
  case chain([LearningRateSchedule], switchingAt: [Int])

  /// The numbers of ``LearningRateSchedule/oneCycle(_:)``.
  public struct OneCycle: Hashable, Codable, Sendable {
    /// How the rate goes from one value to the next.
    public enum Shape: String, Codable, Sendable {
      /// Along half a cosine.
      case cosine
      /// Evenly.
      case linear
    }

    /// The largest rate.
    public var peak: Double
    /// The number of steps; later ones keep the last rate.
    public var steps: Int
    /// The share of steps in which the rate grows.
    public var rising: Double
    /// The form of each phase.
    public var shape: Shape
    /// The peak over the first rate.
    public var division: Double
    /// The first rate over the last.
    public var finalDivision: Double
    /// Whether the rate falls as it rose, and then further.
    public var threePhases: Bool

    /// A cycle with PyTorch's defaults.
    public init(
      peak: Double, steps: Int, rising: Double = 0.3, shape: Shape = .cosine, division: Double = 25,
      finalDivision: Double = 1e4, threePhases: Bool = false
    ) {
      precondition(steps > 0 && (0...1).contains(rising), "OneCycle: \(steps) steps, of which \(rising) rising")
      (self.peak, self.steps, self.rising, self.shape) = (peak, steps, rising, shape)
      (self.division, self.finalDivision, self.threePhases) = (division, finalDivision, threePhases)
    }

    /// The rate in a step, counted from 0.
    func rate(_ step: Int) -> Double {
      let first = peak / division
      let last = first / finalDivision
      let end = Double(steps - 1)
      var phases = [(end: rising * Double(steps) - 1, from: first, to: peak)]
      if threePhases {
        phases += [(2 * rising * Double(steps) - 2, peak, first), (end, first, last)]
      } else {
        phases.append((end, peak, last))
      }
      var start = 0.0
      for (index, phase) in phases.enumerated() {
        if Double(step) <= phase.end || index == phases.count - 1 {
          let share = (Double(min(step, steps - 1)) - start) / (phase.end - start)
          switch shape {
          case .cosine: return phase.to + (phase.from - phase.to) / 2 * (cos(.pi * share) + 1)
          case .linear: return (phase.to - phase.from) * share + phase.from
          }
        }
        start = phase.end
      }
      return last
    }
  }

  /// The rates of all steps, beginning with the first.
  ///
  /// - Parameter base: the rate that the schedule changes: `initial_lr`.
  public func rates(from base: Double) -> LearningRates { LearningRates(self, base) }
}
