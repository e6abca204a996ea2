import NN
import Recipes
import Torch

/// What a procedure has done.
public struct TrainingReport: Sendable {
  /// What became of the weights.
  public var weights: PruningReport
  /// When masks changed, and to what.
  public var updates: [Pruner.Update]
  /// The loss of each step.
  public var losses: [Double]
  /// How long it took.
  public var duration: Duration
}

extension Prune {
  /// Trains a model and carries out a recipe meanwhile: one shot, gradual, RigL or SET, as the recipe says.
  ///
  /// ```swift
  /// let report = try Prune.whileTraining(model, .gradual(0.98), training) { print($0.step, $0.loss) }
  /// ```
  ///
  /// Masks are permanent in the end. A training that may be cut off is a loop of one's own around a ``Pruner``.
  ///
  /// - Parameters:
  ///   - model: What is trained.
  ///   - recipe: How it is pruned; `Recipe.oneShot`, `.gradual`, `.rigL` and `.set` are there to begin with.
  ///   - training: How it is trained.
  ///   - progress: Hears of each step; what it throws ends the training, with the masks of then.
  /// - Throws: `RecipeError` before anything has changed, and what the training throws.
  @discardableResult
  public static func whileTraining(
    _ model: Module, _ recipe: Recipe, _ training: Training, progress: Training.Listener? = nil
  ) throws -> TrainingReport {
    var pruner: Pruner?
    var losses: [Double] = []
    let start = ContinuousClock.now
    try training.run(model) { state in
      losses.append(state.loss)
      try progress?(state)
    } update: { optimizer in
      let own = try Pruner(model, recipe, steps: training.steps, optimizer: optimizer)
      try own.checkBeginning()
      pruner = own
      return { try own.step() }
    }
    guard let pruner else { preconditionFailure("a training without an optimiser") }
    let report = try pruner.finish()
    return TrainingReport(
      weights: report, updates: pruner.updates, losses: losses, duration: .now - start)
  }

  /// Prunes a model before it is trained, by evidence that a few batches or none give: SNIP, GraSP, SynFlow.
  ///
  /// ```swift
  /// try Prune.beforeTraining(model, Recipe(.snip, target: .sparsity(0.9))) { evidence in
  ///   crossEntropy(model(images), labels).backward()
  ///   evidence.collect()
  /// }
  /// try Prune.beforeTraining(
  ///   model, Recipe(.synFlow, target: .sparsity(0.99), schedule: .exponential(updates: 100))
  /// ) { try $0.collect(flowThrough: model, example: images) }
  /// ```
  ///
  /// - Parameters:
  ///   - model: What is pruned.
  ///   - recipe: How. Its schedule says by its updates in how many rounds, of which each has evidence of its own.
  ///   - gather: Gathers the evidence of a round.
  /// - Returns: What became of the weights in all rounds.
  /// - Throws: `RecipeError`, also for a schedule that does not say how many rounds, and what `gather` throws; masks are then
  ///   those of the round before.
  @discardableResult
  public static func beforeTraining(
    _ model: Module, _ recipe: Recipe, gather: (EvidenceCollector) throws -> Void
  ) throws -> PruningReport {
    let weights = try ModelWeights(model)
    let base = weights.masks
    let isPruned = base.contains { $0 != nil }
    let rounds = try recipe.rounds
    let recipe = rounds > 1 ? try recipe.forTraining(isPruned: isPruned) : recipe
    var report = PruningReport([])
    let (start, end) = (recipe.schedule.start, recipe.schedule.end)
    for round in 1...rounds {
      let collector = EvidenceCollector(
        weights, of: try recipe.plan(for: weights.weights).pruned, recipe.criterion.evidence)
      try gather(collector)
      collector.stop()
      for parameter in model.parameters { parameter.grad = nil }
      let way = start + (end - start) * Double(round) / Double(rounds)
      let run = try RecipeRun(rounds > 1 ? recipe.scaled(to: way) : recipe, weights.refreshed())
      report = run.commit(try run.outcome(collector))
    }
    return rounds == 1 ? report : try RecipeRun(recipe, weights.refreshed()).report(since: base)
  }

  /// Prunes a model before it is trained, and trains what is left, all in one.
  ///
  /// Gradients, Hessian and inputs are gathered over the first batches of the training; GraSP's logits are divided by 200, as its
  /// authors do, and its two passes have the same dropout. Masks are permanent in the end.
  ///
  /// - Parameters:
  ///   - model: What is pruned and trained.
  ///   - recipe: How it is pruned: `.snip`, `.grasp`, `.synFlow` or another criterion.
  ///   - training: How it is trained.
  ///   - batches: How many batches give evidence.
  ///   - progress: Hears of each step.
  /// - Throws: as ``beforeTraining(_:_:gather:)``, and what the training throws.
  @discardableResult
  public static func beforeTraining(
    _ model: Module, _ recipe: Recipe, _ training: Training, batches: Int = 1, progress: Training.Listener? = nil
  ) throws -> TrainingReport {
    let begin = ContinuousClock.now
    var last = PruningReport([])
    last = try beforeTraining(model, recipe) { evidence in
      switch evidence.evidence {
      case .none: break
      case .synapticFlow: try evidence.collect(flowThrough: model, example: training.batch(0).inputs)
      case .hessianGradients:
        try evidence.collect(
          losses: (0..<batches).map { step in
            {
              let (inputs, targets) = try training.batch(step)
              return try training.loss(training.outputs(model, inputs) / 200, targets)
            }
          })
      default:
        for step in 0..<batches {
          model.zeroGrad()
          try training.loss(of: model, at: step, nil).backward()
          evidence.collect()
        }
      }
    }
    var losses: [Double] = []
    try training.run(model) { state in
      losses.append(state.loss)
      try progress?(state)
    }
    for places in try ModelWeights(model).places {
      for place in places where place.module.pruned(place.name) != nil { try remove(place.module, name: place.name) }
    }
    let update = Pruner.Update(step: 0, sparsity: last.sparsity)
    return TrainingReport(weights: last, updates: [update], losses: losses, duration: .now - begin)
  }
}

extension Recipe {
  /// How many rounds there are before a training, which has no steps yet.
  fileprivate var rounds: Int {
    get throws(RecipeError) {
      if schedule.curve == .oneShot { return 1 }
      guard let updates = schedule.updates else {
        throw RecipeError(
          .contradiction, "prune before training", expected: "a schedule with a number of updates, one for each round",
          found: "a \(schedule.curve.rawValue) one without",
          advice: "give updates, such as 100, or prune in one shot")
      }
      return updates
    }
  }
}
