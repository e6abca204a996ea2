import Recipes
import Sparsity

extension ModelWeights {
  /// The entries that the masks keep; nil for weights without one.
  var masks: [BitMask?] { places.map { $0[0].pruned?.buffer.mask.nonzero } }
}

extension RecipeRun {
  /// What has become of the weights since they had these masks; what a mask did not prune then counts as pruned since,
  /// also where it was 0 of its own.
  func report(since base: [BitMask?]) -> PruningReport {
    let masks = weights.masks
    let tensors = plan.pruned.map { number in
      let (weight, mask) = (plan.weights[number], masks[number])
      let both = if let mask, let before = base[number] { mask.complement.subtracting(before).keptCount } else { 0 }
      return PruningReport.Tensor(
        name: weight.path, shape: weight.shape, entries: weight.count, prunedBefore: base[number]?.prunedCount ?? 0,
        pruned: mask?.prunedCount ?? 0, alreadyZero: both)
    }
    return PruningReport(tensors, leftWhole: plan.leftWholeReport)
  }
}
