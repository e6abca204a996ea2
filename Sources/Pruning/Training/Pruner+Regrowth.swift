import NN
import Recipes
import Sparsity
import Torch

extension Pruner {
  /// Moves a share of the kept entries of each weight: see `Regrowth`. A weight without a gradient stays as it is: what grows
  /// begins at 0, and could not learn.
  func regrow(_ share: Double, _ regrowth: Regrowth) throws -> PruningReport {
    let run = try RecipeRun(recipe, weights.refreshed())
    let generator: Generator? =
      if case .random(let seed) = regrowth.growth { Generator(seed: seed &+ UInt64(stepsMade)) } else { nil }
    var masks = [BitMask?](repeating: nil, count: run.weights.weights.count)
    var moves: [(place: ParameterSite, grown: BitMask)] = []
    for number in run.plan.pruned {
      let place = run.weights.places[number][0]
      guard let pruned = place.pruned, let gradient = place.original.grad else { continue }
      let values = place.original.detach().to(.cpu).contiguous()
      let growth: [Double]
      if let generator {
        growth = [Double](unsafeUninitializedCapacity: values.count) { memory, count in
          generator.draw(into: UnsafeMutableRawBufferPointer(memory), dtype: .float64)
          count = values.count
        }
      } else {
        growth = gradient.abs().array(of: Double.self)
      }
      let kept = pruned.buffer.mask.nonzero
      let moved: (kept: BitMask, grown: BitMask)
      do {
        moved = try values.withUnsafeBytes {
          let scores = Scores(bytes: $0, type: values.dtype.elementType, kept: kept)
          return try regrowth.moved(share, weights: scores, growth: growth, nan: recipe.nan)
        }
      } catch SelectionError.nan(let buffer, let index, let count) {
        let what = buffer == 0 ? "entry \(index)" : "the gradient of entry \(index)"
        throw run.plan.notANumber(count, in: number, at: what)
      }
      masks[number] = moved.kept
      moves.append((place, moved.grown))
    }
    let report = run.report(zip(masks, run.weights.masks).map { $0 ?? $1 }, replacing: true)
    run.commit(masks, replacing: true)
    for (place, grown) in moves {
      guard grown.keptCount > 0 else { continue }
      let entries = Tensor.make(grown, shape: place.original.shape, dtype: .bool).to(place.original.device)
      noGrad { _ = place.original.maskedFillInPlace(entries, 0) }
      optimizer?.restart(entries, of: place.original)
    }
    note(report, grown: moves.reduce(0) { $0 + $1.grown.keptCount })
    return report
  }

  /// Has the gradients of the next step reach pruned entries where that step wants to know them, and lets those of a step
  /// that did come no further.
  func prepareGradients(masking: Bool = false, ending: Bool = false) {
    guard let regrowth = recipe.regrowth else { return }
    let passes = !ending && regrowth.share(at: stepsMade, of: steps) != nil
    for places in weights.places {
      for place in places {
        guard let pruned = place.module.pruned(place.name) else { continue }
        if masking, pruned.passesGradients, let gradient = pruned.original.grad {
          noGrad { pruned.original.grad = gradient * pruned.buffer.factor(dtype: gradient.dtype).to(gradient.device) }
        }
        pruned.passesGradients = passes
      }
    }
  }
}
