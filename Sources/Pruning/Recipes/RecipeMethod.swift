import Recipes
import Sparsity
import Torch

/// A recipe as an entry of a pruning history. As a method it ranks one tensor by itself.
public struct RecipeMethod: PruningMethod {
  /// The recipe.
  public let recipe: Recipe
  /// The whole tensor: patterns need its shape.
  public let pruningType = PruningType.global

  /// The method.
  public init(_ recipe: Recipe) { self.recipe = recipe }

  /// The earlier mask with what the recipe prunes zeroed; entries that are not 1 in it take no part.
  public func computeMask(_ scores: Tensor, defaultMask: Tensor) throws -> Tensor {
    var alone = recipe
    alone.selector = Selector()
    alone.selector.roles = Set(Role.allCases)
    alone.rules = []
    let values = scores.detach().to(.cpu).contiguous()
    let kept = defaultMask.to(.cpu).bits(keeping: .equalsOne)
    let weight = Weight(path: "tensor", shape: scores.shape, type: values.dtype.elementType, role: .weight)
    let plan = try alone.plan(for: [weight])
    let mask = try values.withUnsafeBytes { bytes in
      try plan.masks(of: [Scores(bytes: bytes, type: weight.type, kept: kept)], draws: EngineDraws())[0]
    }
    let survivors = (mask ?? kept).union(kept.complement)
    return defaultMask * Tensor.make(survivors, shape: scores.shape, dtype: defaultMask.dtype).to(defaultMask.device)
  }

  /// Such as `magnitude, 2 of 4`.
  public var description: String {
    let what = recipe.pattern == .unstructured ? "" : ", \(recipe.pattern)"
    return recipe.criterion.name + what + (recipe.target.map { ", \($0)" } ?? "")
  }
}
