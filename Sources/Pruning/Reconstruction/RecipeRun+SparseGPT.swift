import NN
import Recipes
import Sparsity
import Torch

extension RecipeRun {
  /// What SparseGPT makes of the weights; nothing is changed yet.
  ///
  /// - Parameter products: Σ x xᵀ of a weight's inputs, by its number; nil where there are none.
  /// - Throws: `RecipeError`.
  func reconstructed(_ settings: SparseGPT, _ products: (Int) -> Tensor?) throws -> Outcome {
    var outcome = Outcome(masks: Array(repeating: nil, count: weights.weights.count))
    for group in plan.groups {
      for number in group.weights {
        let weight = plan.weights[number]
        guard let sums = products(number) else {
          throw RecipeError(
            .noEvidence, "prune '\(weight.path)' by '\(settings.name)'", expected: settings.evidence.rawValue,
            found: "none", advice: "gather them on the same model, or choose layers whose inputs can be told apart")
        }
        let (matrix, mask) = try reconstructed(number, group, settings, sums.to(.cpu))
        outcome.values[number] = matrix
        outcome.masks[number] = mask
      }
    }
    return outcome
  }

  private func reconstructed(
    _ number: Int, _ group: PruningPlan.Group, _ settings: SparseGPT, _ sums: Tensor
  ) throws -> (Tensor, BitMask) {
    let weight = plan.weights[number]
    let place = weights.places[number][0]
    let kept = place.pruned?.buffer.mask.nonzero
    let values = noGrad { place.original.detach().to(.cpu).to(.float64) }
    let bad = values.isFinite().logicalNot().sum().intItem()
    guard bad == 0 else { throw plan.notANumber(bad, in: number, at: "some entry, infinite ones counted") }
    let (groups, width) = (sums.shape[0], sums.shape[1])
    let rows = weight.shape[0]
    // N:M lies along the input channels, so that these are to stand side by side.
    let isAlongChannels = weight.shape.count > 2 && plan.recipe.pattern != .unstructured
    func matrix(_ tensor: Tensor) -> Tensor {
      (isAlongChannels ? tensor.movedim(1, -1) : tensor).reshape([rows, -1]).contiguous()
    }
    func whole(_ matrix: Tensor) -> Tensor {
      guard isAlongChannels else { return matrix.reshape(weight.shape) }
      return matrix.reshape([rows] + weight.shape[2...] + [weight.shape[1]]).movedim(-1, 1).contiguous()
    }
    let flat = matrix(values)
    let earlier = kept.map { matrix(Tensor.make($0, shape: weight.shape, dtype: .bool)) }
    var ordered = sums
    if isAlongChannels {
      let order = Tensor((0..<width).map { Int64($0) }).reshape([weight.shape[1], -1]).transpose(0, 1).reshape([-1])
      ordered = sums.indexSelect(1, order).indexSelect(2, order)
    }
    guard groups > 0, rows % groups == 0, flat.shape[1] == width else {
      throw RecipeError(
        .unfit, "prune '\(weight.path)' by '\(settings.name)'", expected: "products of \(flat.shape[1]) inputs",
        found: "\(width)", advice: "gather them on the same model")
    }
    let total = try pruned(group, number, of: flat.count, open: kept?.keptCount ?? flat.count)
    var (parts, masks): ([Tensor], [Tensor]) = ([], [])
    for part in 0..<groups {
      let size = rows / groups
      let choice: SurgeonStep.Choice =
        if case .nOfM(let n, let m, _) = plan.recipe.pattern {
          .nOfM(kept: n, of: m)
        } else {
          .count(total * (part + 1) / groups - total * part / groups)
        }
      let step = SurgeonStep(settings: settings, choice: choice)
      let bits = earlier.map { $0.narrow(0, start: part * size, length: size).contiguous().bits() }
      let own = flat.narrow(0, start: part * size, length: size)
      guard let found = step(own, ordered.select(0, part), earlier: bits) else {
        throw RecipeError(
          .unfit, "prune '\(weight.path)' by '\(settings.name)'", expected: "products of inputs that have an inverse",
          found: "none, with a damping of \(settings.damping)",
          advice: "gather more samples, without NaN, or raise the damping")
      }
      parts.append(found.weight)
      masks.append(Tensor.make(found.kept, shape: [size, width], dtype: .bool))
    }
    return (whole(Tensor.cat(parts)), whole(Tensor.cat(masks)).bits())
  }

  /// How many entries are to be pruned in the end.
  private func pruned(_ group: PruningPlan.Group, _ number: Int, of total: Int, open: Int) throws -> Int {
    guard !plan.recipe.pattern.fixesAmount else { return 0 }
    return total - open + (try plan.count(group, of: total, open: open) ?? 0)
  }
}
