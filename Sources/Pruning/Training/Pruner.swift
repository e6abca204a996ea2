import NN
import Recipes
import Sparsity
import Torch

/// Carries a recipe out during training.
///
/// ```swift
/// let recipe = Recipe(
///   .curvature, target: .sparsity(0.98), schedule: .cubic(from: 0.17, to: 0.75, updates: 60))
/// let pruner = try Pruner(model, recipe, steps: 12 * 938, optimizer: optimizer)
/// for (images, labels) in batches {
///   optimizer.zeroGrad()
///   crossEntropy(model(images), labels).backward()
///   try pruner.step()
///   optimizer.step()
/// }
/// try pruner.finish()
/// ```
///
/// At the steps that the recipe's schedule names, masks are made anew: what is pruned stays pruned, and more is, until the
/// target is reached (Zhu and Gupta 2017, "To prune, or not to prune"). A cyclic schedule begins each cycle with the masks
/// that there were before training; entries grow back with the values they had.
///
/// With a `Regrowth` in the recipe masks move on while the sparsity stays (RigL, SET): what is dropped may grow again, what
/// grows begins at 0, its momentum too, and Adam's mean square of its gradient is that of the gradient at hand. The masks of
/// weights that have no gradient stay: what grew there could not learn.
///
/// Gradients of pruned entries are 0, so that the optimiser's moments of them fade; their values under `NAME_orig` move on
/// by what is left of the momentum and by weight decay, as in PyTorch, and count no more. ``finish(holdingZeros:)`` makes
/// them 0.
///
/// Evidence that the criterion needs is gathered on the way: mean squares and means of gradients are Adam's moments where
/// the optimiser is an `Adam` that holds all weights that the recipe prunes, none of a half type; otherwise exponential
/// means with a factor of 0.999. What inputs say is that since the last update of the masks. The Hessian and synaptic flow
/// are for ``Prune/beforeTraining(_:_:gather:)``. Weights that are frozen have no gradients, and are refused where gradients
/// rank.
public final class Pruner {
  /// An update of the masks.
  public struct Update: Hashable, Sendable {
    /// The step before which it was made, counted from 0.
    public var step: Int
    /// The share of the entries of all weights that take part which was pruned then.
    public var sparsity: Double
    /// How many entries grew.
    public var grown = 0
  }

  /// The recipe, its target a sparsity where a share was asked for.
  public let recipe: Recipe
  /// How many steps the training has.
  public let steps: Int
  /// How many steps have been made.
  public internal(set) var stepsMade = 0
  /// The updates so far.
  public internal(set) var updates: [Update] = []
  /// Whether ``finish(holdingZeros:)`` has made the masks permanent.
  public private(set) var isFinished = false

  /// The weights as they were at the beginning.
  let weights: ModelWeights
  /// The masks of the beginning; nil where there was none.
  var base: [BitMask?]
  /// The share of the target that has been reached.
  var reached = 0.0
  let collector: EvidenceCollector?
  let optimizer: (any Optimizer)?
  /// The optimiser where its moments are the evidence.
  let adam: Adam?
  /// The recipe as it was given.
  private let given: Recipe

  /// Prepares a training; nothing is pruned yet.
  ///
  /// - Parameters:
  ///   - model: The model, maybe pruned already.
  ///   - recipe: How. With a gradual schedule its target is a sparsity, or a share where nothing was pruned at the beginning.
  ///   - steps: How many steps the training has.
  ///   - optimizer: The optimiser of the training, whose moments serve as evidence and which holds zeros in the end.
  /// - Throws: `RecipeError` for a recipe that does not fit the model. Whether the model was pruned at the beginning is known
  ///   with the first step: until then ``loadStateDict(_:)`` may tell of it.
  public init(_ model: Module, _ recipe: Recipe, steps: Int, optimizer: (any Optimizer)? = nil) throws {
    precondition(steps > 0, "Pruner: expected one step or more, found \(steps)")
    weights = try ModelWeights(model)
    base = weights.masks
    given = recipe
    self.recipe = try recipe.forTraining(isPruned: false)
    self.steps = steps
    self.optimizer = optimizer
    let plan = try self.recipe.plan(for: weights.weights)
    try weights.requireGradients(of: plan.pruned, for: recipe.criterion.evidence)
    let isFirstAtOnce = self.recipe.schedule.isUpdate(at: 0, of: steps)
    adam = isFirstAtOnce ? nil : Self.adam(optimizer, of: plan.pruned, weights, recipe.criterion.evidence)
    collector = Self.collector(weights, of: plan.pruned, recipe.criterion.evidence, unless: adam)
    prepareGradients()
  }

  deinit { prepareGradients(ending: true) }

  /// Makes a step: after the gradients are there and before the optimiser uses them.
  ///
  /// - Returns: What became of the weights, where the masks have changed.
  /// - Throws: `RecipeError`, such as for NaN among the weights; the model is as it was.
  /// - Precondition: not finished.
  @discardableResult
  public func step() throws -> PruningReport? {
    precondition(!isFinished, "Pruner: the training is finished")
    try checkBeginning()
    collector?.collect()
    let isUpdate = recipe.schedule.isUpdate(at: stepsMade, of: steps)
    var report = isUpdate ? try update(at: Double(stepsMade) / Double(steps)) : nil
    if let regrowth = recipe.regrowth, let share = regrowth.share(at: stepsMade, of: steps) {
      report = try regrow(share, regrowth)
    }
    stepsMade += 1
    prepareGradients(masking: true)
    return report
  }

  /// Prunes what is still lacking of the target, and makes the masks permanent.
  ///
  /// - Parameter holdingZeros: Whether the optimiser keeps the zeros in further steps, see ``Prune/holdZeros(_:name:in:)``.
  /// - Returns: What became of the weights since the beginning of the training. What was pruned then counts as 0 before.
  /// - Throws: as ``step()``, and where zeros are to be held without an optimiser, `RecipeError`, or by one that lacks a
  ///   weight, ``PruningError/foreignOptimizer(_:module:)``; the model is as it was.
  @discardableResult
  public func finish(holdingZeros: Bool = false) throws -> PruningReport {
    precondition(!isFinished, "Pruner: the training is finished")
    try checkBeginning()
    let plan = try recipe.plan(for: weights.weights)
    let holder = holdingZeros ? try holder(of: plan.pruned) : nil
    // A schedule that ends with the last step gets there now.
    if reached < recipe.schedule.share(at: 1) { try update(at: 1) }
    let report = RecipeRun(plan, try weights.refreshed()).report(since: base)
    prepareGradients(ending: true)
    for number in plan.pruned {
      for place in weights.places[number] where place.module.pruned(place.name) != nil {
        try Prune.remove(place.module, name: place.name, holdingZerosIn: holder)
      }
    }
    collector?.stop()
    isFinished = true
    return report
  }

  /// Makes the masks of a part of the way.
  @discardableResult
  private func update(at progress: Double) throws -> PruningReport {
    let share = recipe.schedule.share(at: progress)
    let grows = share < reached
    let run = try RecipeRun(recipe.scaled(to: progress), weights.refreshed())
    let report: PruningReport
    if recipe.criterion is SparseGPT, !grows {
      report = run.commit(try run.outcome(collector))
    } else {
      let masks = try run.masks(from: grows ? base : nil, evidence: evidence)
      report = run.commit(masks, replacing: grows)
    }
    reached = share
    note(report, grown: 0)
    if recipe.criterion.evidence.isOfInputs { collector?.reset() }
    return report
  }

  /// Notes an update.
  func note(_ report: PruningReport, grown: Int) {
    updates.append(Update(step: stepsMade, sparsity: report.sparsity, grown: grown))
  }

  /// Throws before the first step for a target that the masks of the beginning forbid.
  func checkBeginning() throws {
    if stepsMade == 0 { _ = try given.forTraining(isPruned: base.contains { $0 != nil }) }
  }

  /// The optimiser, which must be able to hold the zeros of these weights.
  private func holder(of numbers: [Int]) throws -> any Optimizer {
    guard let optimizer else {
      throw RecipeError(
        .contradiction, "hold zeros", expected: "the optimiser of the training", found: "none",
        advice: "give it to the pruner, or finish without and call Prune.holdZeros")
    }
    for number in numbers where !optimizer.holds(weights.parameter(number)) {
      let place = weights.places[number][0]
      throw PruningError.foreignOptimizer(place.name, module: "\(place.module)")
    }
    return optimizer
  }
}

extension Recipe {
  /// The recipe for a training, with a target that can be approached.
  func forTraining(isPruned: Bool) throws(RecipeError) -> Recipe {
    guard schedule.curve != .oneShot else { return self }
    var own = self
    own.target = try target.map { target throws(RecipeError) in try target.forTraining(isPruned: isPruned) }
    for index in rules.indices {
      guard case .prune(let target) = rules[index].action else { continue }
      own.rules[index].action = .prune(try target.forTraining(isPruned: isPruned))
    }
    return own
  }

  /// The recipe whose targets are those of a part of the way.
  func scaled(to progress: Double) -> Recipe {
    var own = self
    own.target = target.map { $0.scaled(by: schedule, at: progress) }
    for index in rules.indices {
      guard case .prune(let target) = rules[index].action else { continue }
      own.rules[index].action = .prune(target.scaled(by: schedule, at: progress))
    }
    return own
  }
}

extension Target {
  /// The same as a sparsity: shares of what is left would not add up from update to update.
  fileprivate func forTraining(isPruned: Bool) throws(RecipeError) -> Target {
    switch self {
    case .sparsity, .below: return self
    case .amount(.fraction(let share)) where !isPruned: return .sparsity(share)
    case .amount:
      throw RecipeError(
        .contradiction, "prune during training", expected: "a sparsity to approach", found: "\(self)",
        advice: "say which share of all entries is to be pruned in the end, those pruned before included")
    }
  }
}
