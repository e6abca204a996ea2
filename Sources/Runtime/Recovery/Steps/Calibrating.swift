import Graphs
import Torch

extension RecoveryWork {
  /// Running means and variances anew: the samples go through in batches, each batch normalised by its own statistics as
  /// in training, and the mean and the unbiased variance of everything that came to a norm are taken at the end.
  ///
  /// Source: Wu & Johnson 2021, "Rethinking 'Batch' in BatchNorm" (precise statistics), with pooled variances.
  func calibrate(_ entry: inout RecoveryReport.Step) throws {
    let plan = try small.currentPlan()
    var sums: [Int: ChannelSums] = [:]
    var replacements: [Int: Plan.Replacement] = [:]
    for (index, step) in plan.steps.enumerated() where step.call.baseName == "batch_norm" {
      guard let input = step.tensors["input"], let result = step.results.first, let output = result,
        let norm = try? small.norm(at: index)
      else { continue }
      let sum = ChannelSums()
      sums[index] = sum
      replacements[index] = .compute(
        { x in
          sum.add(x)
          // One value for each channel has no spread of its own.
          let isAlone = x.count == x.shape[1]
          return batchNorm(
            x, weight: norm.weight, bias: norm.bias, runningMean: isAlone ? norm.mean : nil,
            runningVariance: isAlone ? norm.variance : nil, training: !isAlone, epsilon: norm.epsilon)
        }, input: input, output: output)
    }
    guard !sums.isEmpty else {
      entry.note = "there are no batch norms"
      return
    }
    let batches = data.fitted(samples: settings.fittingSamples)
    for (place, batch) in batches.enumerated() {
      try report(entry.name, place, of: batches.count)
      _ = try noGrad { try small.execute(batch, replacements: replacements) }
    }
    for (index, sum) in sums {
      let norm = try small.norm(at: index)
      guard let (mean, variance) = sum.statistics else { continue }
      noGrad {
        norm.mean.copy(from: mean.to(norm.mean.dtype))
        norm.variance.copy(from: variance.to(norm.variance.dtype))
      }
    }
    try report(entry.name, batches.count, of: batches.count)
  }
}

/// Sums over everything but the channels, in 64 bits.
private final class ChannelSums {
  private var sum: Tensor?
  private var squares: Tensor?
  private var count = 0

  func add(_ x: Tensor) {
    let values = x.detach().to(.float64)
    let dimensions = (0..<values.rank).filter { $0 != 1 }
    let (first, second) = (values.sum(dimensions), values.square().sum(dimensions))
    sum = sum.map { $0 + first } ?? first
    squares = squares.map { $0 + second } ?? second
    count += values.count / max(values.shape[1], 1)
  }

  /// The mean and the unbiased variance; nil for fewer than two values.
  var statistics: (mean: Tensor, variance: Tensor)? {
    guard let sum, let squares, count > 1 else { return nil }
    let mean = sum / Double(count)
    let variance = (squares - mean * sum) / Double(count - 1)
    return (mean, variance.clamp(min: 0))
  }
}
