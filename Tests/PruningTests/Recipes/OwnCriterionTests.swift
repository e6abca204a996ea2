import DifferentialHarness
import FilePruning
import NN
import Pruning
import Recipes
import Testing
import Torch

/// A criterion of one's own: |w| times the mean magnitude of its weight. This is all of it.
private struct MeanScaled: Criterion {
  let name = "mean-scaled"

  func scores(of weight: WeightValues) -> [Double] {
    let mean = weight.values.reduce(0) { $0 + abs($1) } / Double(weight.values.count)
    return weight.values.map { abs($0) * mean }
  }
}

/// It works with every pattern and distribution, on modules and on files, on top of earlier masks.
@Suite("A criterion of one's own") struct OwnCriterionTests {
  /// Two layers whose scores differ by scale, and what the criterion says of them.
  func model() throws -> (ModuleList, [Tensor]) {
    manualSeed(4)
    let model = ModuleList([Linear(8, 8, bias: false), Linear(8, 4, bias: false)])
    noGrad { _ = model[1]["weight"].multiplyInPlace(3) }
    try Prune.randomUnstructured(model[0], name: "weight", amount: 0.25)
    let scores = (0..<2).map { number -> Tensor in
      let weight = (number == 0 ? model[0]["weight_orig"] : model[1]["weight"]).detach().to(.float64).abs()
      return weight * weight.mean()
    }
    return (model, scores)
  }

  @Test(
    arguments: [
      (.unstructured, .global), (.unstructured, .uniform), (.unstructured, .perRow), (.nOfM(2, 4), .uniform),
      (.block(rows: 4, columns: 1), .global), (.block(rows: 2, columns: 2), .uniform), (.structured(dim: 0), .global),
    ] as [(Pattern, Distribution)])
  func everywhere(pattern: Pattern, distribution: Distribution) throws {
    let (model, scores) = try model()
    let open = [model[0]["weight_mask"].to(.float64), Tensor.ones([4, 8], dtype: .float64)]
    let recipe = Recipe(
      MeanScaled(), target: pattern.fixesAmount ? nil : .amount(0.5), pattern: pattern, distribution: distribution)
    let store = MemoryStore(
      model.stateDict.map { name, tensor in
        (name, .f32, tensor.shape, tensor.detach().contiguous().withUnsafeBytes { Array($0) })
      })
    _ = try FilePruner(store, recipe).run(to: .init(path: "out", format: .safetensors, form: .masks))
    try Prune.apply(recipe, to: model)
    let masks = (0..<2).map { model[$0]["weight_mask"].to(.float64) }
    for number in 0..<2 {
      let bytes = model[number]["weight_mask"].contiguous().withUnsafeBytes { Array($0) }
      #expect(store.output["\(number).weight_mask"] == bytes)
      #expect((masks[number] .> open[number]).countNonzero() == 0, "what was pruned before stays pruned")
    }
    // The scores of what stays and of what has just gone, unit by unit.
    let units = (0..<2).map { number in
      (
        Self.units(scores[number] * open[number], pattern), Self.units(open[number], pattern),
        Self.units(masks[number], pattern)
      )
    }
    let pairs: [(kept: [Double], gone: [Double])] = units.map { score, open, mask in
      let (score, open, mask) = (
        score.square().sum([1]).sqrt().array(of: Double.self), open.sum([1]).array(of: Double.self),
        mask.sum([1]).array(of: Double.self)
      )
      let indices = score.indices.filter { open[$0] > 0 }
      return (indices.filter { mask[$0] > 0 }.map { score[$0] }, indices.filter { mask[$0] == 0 }.map { score[$0] })
    }
    if distribution == .global {
      let (kept, gone) = (pairs.flatMap(\.kept), pairs.flatMap(\.gone))
      #expect(gone.count == (gone.count + kept.count + 1) / 2 || gone.count == (gone.count + kept.count) / 2)
      #expect(try #require(gone.max()) <= (try #require(kept.min())))
    } else if distribution == .uniform, !pattern.fixesAmount {
      for (kept, gone) in pairs { #expect(try #require(gone.max()) <= (try #require(kept.min()))) }
    } else {
      let width = pattern.fixesAmount ? 4 : 8
      for number in 0..<2 {
        let rows = masks[number].reshape(-1, width).sum([1]).array(of: Int.self)
        let before = open[number].reshape(-1, width).sum([1]).array(of: Int.self)
        let wanted = before.map {
          pattern.fixesAmount ? min(2, $0) : $0 - Int((0.5 * Double($0)).rounded(.toNearestOrEven))
        }
        #expect(rows == wanted)
      }
    }
  }

  /// The entries of each unit as a row.
  private static func units(_ tensor: Tensor, _ pattern: Pattern) -> Tensor {
    switch pattern {
    case .structured: tensor
    case .block(let rows, let columns, _):
      tensor.reshape(tensor.shape[0] / rows, rows, 8 / columns, columns).permute([0, 2, 1, 3]).reshape(
        -1, rows * columns)
    default: tensor.reshape(-1, 1)
    }
  }
}
