import NN
import Torch

/// How a model is trained on the outputs of the original.
public struct DistillationTraining: Hashable, Sendable {
  /// What is learnt of the original; nil for softened outputs at a temperature of 2, with a tenth of the outputs as they are
  /// to hold their size, where the first output is a table of scores without bounds; and outputs as they are otherwise.
  public var distillation: Distillation?
  /// Passes over the samples.
  public var epochs: Int
  /// The learning rate of Adam at the beginning, from which it falls to 0 along a cosine.
  public var learningRate = 1e-3
  /// How many samples make a step, where the graph's batch is not fixed.
  public var batch = 128
  /// After how many epochs without a smaller loss on the samples that are held out it ends.
  public var patience = 3
  /// Where the order of the samples begins.
  public var seed: UInt64 = 0

  /// A training of so many epochs.
  public init(epochs: Int, _ distillation: Distillation? = nil) {
    (self.epochs, self.distillation) = (epochs, distillation)
  }
}

extension RecoveryWork {
  /// Trains the model on the original's outputs; zeros of weights stay zeros. The best of all epochs on the samples that
  /// are held out stays.
  func distill(_ training: DistillationTraining, _ entry: inout RecoveryReport.Step) throws {
    let teaching = try Teaching(self, training.distillation ?? usual)
    let parameters = small.parameters.filter(\.requiresGrad)
    guard !parameters.isEmpty, training.epochs > 0 else {
      entry.note = parameters.isEmpty ? "no parameter may be trained" : "no epochs"
      return
    }
    let optimizer = Adam(parameters, learningRate: training.learningRate)
    let generator = Generator(seed: training.seed)
    let steps = data.shuffled(batch: training.batch, Generator(seed: training.seed)).count
    let total = steps * training.epochs
    var rates = LearningRateSchedule.cosine(steps: total).rates(from: training.learningRate)
    // Of weights without a zero there is nothing to hold.
    let masks = noGrad {
      parameters.compactMap { parameter -> (Tensor, Tensor)? in
        guard parameter.rank > 1 else { return nil }
        let open = parameter.detach() .!= 0
        return open.all().item() != 0 ? nil : (parameter, open.to(parameter.dtype))
      }
    }
    var best = (loss: try heldOutLoss(teaching), snapshot: ModelSnapshot(small), epoch: 0)
    let first = best.loss
    var done = 0
    defer {
      small.eval()
      small.zeroGrad()
    }
    do {
      for epoch in 1...training.epochs where epoch - best.epoch <= training.patience {
        for batch in data.shuffled(batch: training.batch, generator) {
          try report(entry.name, done, of: total)
          small.train()
          optimizer.learningRate = rates.next()
          optimizer.zeroGrad()
          try teaching.loss(batch).backward()
          optimizer.step()
          noGrad { for (parameter, open) in masks { parameter.multiplyInPlace(open) } }
          done += 1
        }
        let loss = try heldOutLoss(teaching)
        if loss < best.loss { best = (loss, ModelSnapshot(small), epoch) }
      }
    } catch is RecoveryStopped {
      let loss = try heldOutLoss(teaching)
      if !(loss < best.loss) { best.snapshot.restore() }
      throw RecoveryStopped()
    }
    best.snapshot.restore()
    try report(entry.name, total, of: total)
    entry.note =
      "the loss on the samples that are held out went from \(first) to \(best.loss), least after epoch \(best.epoch) of "
      + "\(training.epochs)"
  }

  private func heldOutLoss(_ teaching: Teaching) throws -> Double {
    small.eval()
    return try noGrad {
      var (sum, samples) = (0.0, 0)
      for batch in data.heldOut {
        let count = batch.first?.shape.first ?? 1
        sum += try teaching.loss(batch).item() * Double(count)
        samples += count
      }
      let loss = sum / Double(max(samples, 1))
      return loss.isNaN ? .infinity : loss
    }
  }

  /// What is learnt unless it is said.
  private var usual: Distillation {
    let first = reference.outputs.compactMap(\.first)
    let isScores = first.allSatisfy { $0.isTableOfScores } && !first.isEmpty
    let isBounded = first.allSatisfy { $0.min().item() >= 0 && $0.max().item() <= 1 }
    return isScores && !isBounded
      ? Distillation(.softTargets(temperature: 2), .outputs(weight: 0.1)) : Distillation(.outputs())
  }
}

/// The loss of a model against the original's outputs.
private final class Teaching {
  private let small: GraphModule
  private let teacher: GraphModule
  private let terms: Teacher

  init(_ work: RecoveryWork, _ distillation: Distillation) throws {
    (small, teacher) = (work.small, work.teacher)
    terms = try Teacher(work.teacher, of: work.small, distillation)
  }

  /// The first outputs by the terms, the others by mean squares.
  func loss(_ batch: [Tensor]) throws -> Tensor {
    let found = try small.run(batch.map { $0.clone() })
    let wanted = try noGrad { try teacher.run(batch.map { $0.clone() }) }
    guard let first = found.first, let its = wanted.first else {
      throw RecoveryError.models("the graph gives no tensor")
    }
    var loss = try terms.loss(first) { _ in its }
    for (own, other) in zip(found, wanted).dropFirst() where own.dtype.isFloatingPoint {
      loss = loss + mseLoss(own, other)
    }
    return loss
  }
}
