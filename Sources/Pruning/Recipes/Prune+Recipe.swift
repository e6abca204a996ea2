import Checkpoints
import NN
import Recipes
import Sparsity
import Torch

extension Prune {
  /// Prunes a model by a recipe, at once, on top of what has been done to it before.
  ///
  /// ```swift
  /// try Prune.apply(Recipe(.magnitude, target: .sparsity(0.9)), to: model)
  /// try Prune.apply(Recipe(.magnitude, pattern: .nOfM(2, 4), selector: .layers("Linear")), to: model)
  /// ```
  ///
  /// The masks are those that the same recipe gives a file of the same weights. Norms are computed in float64, whatever
  /// the weights are; for PyTorch's own choice there is ``lnStructured(_:name:amount:n:dim:importanceScores:nan:)``.
  /// - Parameters:
  ///   - recipe: How.
  ///   - model: What.
  ///   - evidence: What the recipe's criterion needs beside the weights, gathered on this model.
  /// - Returns: What became of each weight; layers of which nothing is left are in `emptied`.
  /// - Throws: `RecipeError`; the model is then as it was.
  ///
  /// ``undo(_:name:)`` takes masks back; values that `SparseGPT` has changed stay changed.
  @discardableResult
  public static func apply(
    _ recipe: Recipe, to model: Module, evidence: EvidenceCollector? = nil
  ) throws -> PruningReport {
    let run = try RecipeRun(recipe, ModelWeights(model))
    return run.commit(try run.outcome(evidence))
  }

  /// What ``apply(_:to:evidence:)`` would do, without doing it.
  public static func preview(
    _ recipe: Recipe, of model: Module, evidence: EvidenceCollector? = nil
  ) throws -> PruningReport {
    let run = try RecipeRun(recipe, ModelWeights(model))
    return run.report(try run.outcome(evidence).masks)
  }
}

/// A recipe on its way into a model.
struct RecipeRun {
  /// What a recipe makes of weights.
  struct Outcome {
    /// The entries that stay of each weight, of those that took part; nil for weights that are not pruned.
    var masks: [BitMask?]
    /// New values of weights, by their numbers, in float64.
    var values: [Int: Tensor] = [:]
  }

  let plan: PruningPlan
  let weights: ModelWeights
  private var places: [[ParameterSite]] { weights.places }

  init(_ recipe: Recipe, _ weights: ModelWeights) throws {
    self.init(try recipe.plan(for: weights.weights), weights)
  }

  init(_ plan: PruningPlan, _ weights: ModelWeights) {
    self.plan = plan
    self.weights = weights
  }

  /// Masks, and values where the criterion changes them.
  func outcome(_ evidence: EvidenceCollector?) throws -> Outcome {
    try check(evidence)
    guard let settings = plan.recipe.criterion as? SparseGPT else {
      return Outcome(masks: try masks(evidence: evidence?.values(for: weights)))
    }
    return try reconstructed(settings) { number in evidence?.products(for: weights, number) }
  }

  /// Throws where evidence is not what the criterion needs, or lacks weights that are frozen.
  func check(_ evidence: EvidenceCollector?) throws(RecipeError) {
    let criterion = plan.recipe.criterion
    guard let evidence, criterion.evidence != .none else { return }
    guard evidence.evidence == criterion.evidence else {
      throw RecipeError(
        .noEvidence, "rank by '\(criterion.name)'", expected: criterion.evidence.rawValue,
        found: evidence.evidence.rawValue, advice: "gather what the criterion needs")
    }
    try evidence.check(plan.pruned, of: weights)
  }

  /// The entries that stay of each weight, of those that took part; nil for weights that are not pruned.
  ///
  /// - Parameters:
  ///   - earlier: The masks to begin with, for each weight; nil for those of the model as it is.
  ///   - evidence: What the criterion needs beside the weights.
  func masks(from earlier: [BitMask?]? = nil, evidence: EvidenceValues? = nil) throws -> [BitMask?] {
    let pruned = Set(plan.pruned)
    // Weights that are not pruned are not looked at.
    let values = places.indices.map { number -> Tensor? in
      guard pruned.contains(number) else { return nil }
      return noGrad { places[number][0].participants.detach().to(.cpu).contiguous() }
    }
    defer { withExtendedLifetime(values) {} }
    let scores = places.indices.map { number -> Scores in
      let type = plan.weights[number].type
      guard let values = values[number] else {
        return Scores(bytes: UnsafeRawBufferPointer(start: nil, count: 0), type: type)
      }
      let kept = earlier.map { $0[number] } ?? places[number][0].pruned?.buffer.mask.participating
      return values.withUnsafeBytes { Scores(bytes: $0, type: type, kept: kept) }
    }
    return try plan.masks(of: scores, evidence: evidence, draws: EngineDraws())
  }

  /// Puts values and masks in place; nothing here can fail.
  @discardableResult
  func commit(_ outcome: Outcome) -> PruningReport {
    let report = commit(outcome.masks)
    noGrad {
      for (number, values) in outcome.values {
        let original = weights.parameter(number)
        _ = original.copy(from: values.to(original.dtype).to(original.device))
      }
    }
    return report
  }

  /// Puts the masks in place; nothing here can fail.
  ///
  /// - Parameter replacing: Whether they take the place of those there are, in place of pruning further.
  @discardableResult
  func commit(_ masks: [BitMask?], replacing: Bool = false) -> PruningReport {
    let report = report(masks, replacing: replacing)
    let method = RecipeMethod(plan.recipe)
    for (targets, mask) in zip(places, masks) {
      guard let mask, let first = targets.first else { continue }
      if replacing, let pruned = first.pruned {
        let fresh = PruningMask(mask, shape: first.original.shape, dtype: pruned.buffer.mask.dtype)
        pruned.replace(by: PruningState(mask: fresh, history: PruningContainer([method])))
        continue
      }
      first.commit(Composed(mask: first.mask(keeping: mask)), by: method)
      for other in targets.dropFirst() { other.share(first) }
    }
    return report
  }

  func report(_ masks: [BitMask?], replacing: Bool = false) -> PruningReport {
    let tensors = masks.indices.compactMap { number -> PruningReport.Tensor? in
      guard let mask = masks[number] else { return nil }
      let weight = plan.weights[number]
      let target = places[number][0]
      let after = replacing ? mask : target.mask(keeping: mask).nonzero
      let gone = target.values.to(.cpu).bits().subtracting(after)
      return PruningReport.Tensor(
        name: weight.path, shape: weight.shape, entries: weight.count,
        prunedBefore: target.pruned?.buffer.mask.nonzero.prunedCount ?? 0, pruned: after.prunedCount,
        alreadyZero: after.prunedCount - gone.keptCount)
    }
    return PruningReport(tensors, leftWhole: plan.leftWholeReport)
  }
}

extension ParameterSite {
  /// What is ranked: the values on which a mask acts.
  fileprivate var participants: Tensor { pruned?.buffer.mask.bits != nil ? original : values }

  /// The mask in which of the entries that take part only those stay that `survivors` keeps.
  fileprivate func mask(keeping survivors: BitMask) -> PruningMask {
    guard let earlier = pruned?.buffer.mask else {
      return PruningMask(survivors, shape: original.shape, dtype: original.dtype)
    }
    return earlier.intersected(with: survivors.union(earlier.participating.complement), dtype: earlier.dtype)
  }
}
