/// How sparsity grows over the steps of training.
public enum SparsitySchedule: Sendable, Hashable {
  /// All at once, at one step.
  case oneShot(at: Int, sparsity: Double)
  /// From `initial` to `final` between two steps, along a cubic that prunes fast at first (Zhu and Gupta, "To prune, or
  /// not to prune", 2017): `final + (initial - final) * (1 - t)^3`. Pruning happens every `every` steps.
  case cubic(from: Int, to: Int, every: Int, initial: Double, final: Double)
  /// `rounds` times the same share of what is left, every `every` steps from step `from` on, ending at `final`: the
  /// iterative pruning of Han et al. (2015) and of the lottery ticket hypothesis.
  case exponential(from: Int, every: Int, rounds: Int, final: Double)

  /// Whether pruning happens at a step, counted from 0.
  public func prunes(at step: Int) -> Bool {
    switch self {
    case .oneShot(let at, _): step == at
    case .cubic(let from, let to, let every, _, _):
      step == to || step >= from && step < to && (step - from) % max(every, 1) == 0
    case .exponential(let from, let every, let rounds, _):
      step >= from && (step - from) % max(every, 1) == 0 && (step - from) / max(every, 1) < rounds
    }
  }

  /// The sparsity that is reached after a step, counted from 0: the share of all entries that are pruned by then.
  ///
  /// Between steps that prune it stays as it is; before the first it is 0.
  public func sparsity(at step: Int) -> Double {
    switch self {
    case .oneShot(let at, let sparsity): return step < at ? 0 : sparsity
    case .cubic(let from, let to, let every, let initial, let final):
      if step < from { return 0 }
      if step >= to { return final }
      let last = from + (step - from) / max(every, 1) * max(every, 1)
      let left = 1 - Double(last - from) / Double(to - from)
      return final + (initial - final) * left * left * left
    case .exponential(let from, let every, let rounds, let final):
      if step < from || rounds < 1 { return 0 }
      let done = min(rounds, (step - from) / max(every, 1) + 1)
      if done == rounds { return final }
      return 1 - power(1 - final, Double(done) / Double(rounds))
    }
  }

  /// The amount to prune at a step of what is still unpruned, to get from the sparsity before it to that after it.
  ///
  /// - Returns: nil where nothing is pruned at the step.
  public func amount(at step: Int) -> Amount? {
    guard prunes(at: step) else { return nil }
    let before = step > 0 ? sparsity(at: step - 1) : 0
    let after = sparsity(at: step)
    guard after > before, before < 1 else { return .fraction(0) }
    return .fraction(min(1, (after - before) / (1 - before)))
  }
}
