import Foundation

/// The rates of a schedule, step by step.
public struct LearningRates: Sendable {
  private let schedule: LearningRateSchedule
  private let base: Double
  /// How many rates have been given.
  public private(set) var step = 0
  private var rate = 0.0
  /// The schedule of a chain that is at work, and the step at which it set in.
  private var part = (index: 0, start: 0)

  init(_ schedule: LearningRateSchedule, _ base: Double) {
    self.schedule = schedule
    self.base = base
    if case .chain(let parts, let starts) = schedule {
      precondition(
        parts.count == starts.count + 1 && starts == starts.sorted(),
        "chain: expected a step to switch at for each schedule but the first, in order; found \(starts)")
      let isNested = parts.contains { if case .chain = $0 { true } else { false } }
      precondition(!isNested, "chain: a chain within a chain; name all schedules in one")
    }
  }

  /// The rate of the next step.
  public mutating func next() -> Double {
    defer { step += 1 }
    guard case .chain(let parts, let starts) = schedule else {
      rate = step == 0 ? schedule.first(base) : schedule.following(rate, step, base)
      return rate
    }
    let index = starts.count { $0 <= step }
    if index != part.index {
      part = (index, step)
      rate = parts[index].restarted(base)
    } else if step == 0 {
      rate = parts[0].first(base)
    } else {
      rate = parts[index].following(rate, step - part.start, base)
    }
    return rate
  }

  /// Passes over so many rates, to go on where a training stopped.
  public mutating func skip(_ count: Int) { for _ in 0..<count { _ = next() } }
}

// The recursions and their order of operations are those of torch/optim/lr_scheduler.py, so that rates are equal to the
// last bit.
extension LearningRateSchedule {
  /// The rate of the first step.
  fileprivate func first(_ base: Double) -> Double {
    switch self {
    case .scaled(let factor, _): base * factor
    case .linear(let from, _, _): base * from
    case .oneCycle(let cycle): cycle.rate(0)
    case .chain(let parts, _): parts.first?.first(base) ?? base
    default: base
    }
  }

  /// The rate of the first step where another schedule went before: PyTorch's closed form.
  fileprivate func restarted(_ base: Double) -> Double {
    switch self {
    case .cosine(_, let minimum): minimum + (base - minimum) * (1 + cos(0)) / 2
    case .multiStep(let steps, let factor): base * pow(factor, Double(steps.count { $0 <= 0 }))
    default: first(base)
    }
  }

  /// The rate of a step, counted from 0, out of the one before.
  fileprivate func following(_ rate: Double, _ step: Int, _ base: Double) -> Double {
    switch self {
    case .constant: return rate
    case .scaled(let factor, let steps): return step == steps ? rate * (1 / factor) : rate
    case .linear(let from, let to, let steps):
      guard step <= steps else { return rate }
      return rate * (1 + (to - from) / (Double(steps) * from + Double(step - 1) * (to - from)))
    case .step(let every, let factor): return step % every == 0 ? rate * factor : rate
    case .multiStep(let steps, let factor):
      let count = steps.count { $0 == step }
      return count == 0 ? rate : rate * pow(factor, Double(count))
    case .exponential(let factor): return rate * factor
    case .cosine(let steps, let minimum):
      if (step - 1 - steps) % (2 * steps) == 0 { return rate + (base - minimum) * (1 - cos(.pi / Double(steps))) / 2 }
      return (1 + cos(.pi * Double(step) / Double(steps))) / (1 + cos(.pi * Double(step - 1) / Double(steps)))
        * (rate - minimum) + minimum
    case .polynomial(let steps, let power):
      guard step <= steps else { return rate }
      return rate
        * pow((1 - Double(step) / Double(steps)) / (1 - Double(step - 1) / Double(steps)), power)
    case .oneCycle(let cycle): return cycle.rate(step)
    case .chain: return rate
    }
  }
}
