import Recipes
import Sparsity

// The words of recipes, for those who import `Pruning` alone.

/// On what structure of a tensor pruning acts: single entries, channels, `.nOfM(2, 4)`, `.block(rows: 4, columns: 1)`.
public typealias Pattern = Sparsity.Pattern
/// How a model is pruned: what ranks, on what structure, over which weights, how much, and when.
public typealias Recipe = Recipes.Recipe
/// How important each entry, or each channel, of a weight is.
public typealias Criterion = Recipes.Criterion
