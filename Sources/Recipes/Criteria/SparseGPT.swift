import Sparsity

/// Layer-wise pruning with an update of what is left, after the optimal brain surgeon (Frantar and Alistarh 2023, "SparseGPT:
/// Massive Language Models Can be Accurately Pruned in One-Shot").
///
/// Of a layer whose inputs are x, with H = Σ x xᵀ + λ I and U the upper Cholesky factor of H⁻¹: from the first input to the
/// last, in blocks of inputs, the entries with the smallest w² / U[j, j]² are pruned, and the inputs after take over what
/// those did, by w[k] -= w[j] / U[j, j] · U[j, k]. λ is a share of the mean of H's diagonal; inputs that are always 0 are
/// pruned whole.
///
/// It changes weights, so that nothing scores for it: `Prune.apply` with products of inputs, `Prune.layerByLayer` and a
/// `Pruner` carry it out. A block of inputs loses the same share, of all outputs together; or N of every M inputs stay. On a
/// cyclic schedule it is refused: what has been taken over cannot be given back.
public struct SparseGPT: Criterion {
  /// How many inputs are ranked together, and their updates put together.
  public let blockSize: Int
  /// λ as a share of the mean of the diagonal.
  public let damping: Double
  /// `sparsegpt`.
  public let name = "sparsegpt"
  /// Products of inputs.
  public let evidence = Evidence.inputProducts

  /// The criterion, with its authors' settings.
  /// - Precondition: a block of one input or more, and a damping above 0.
  public init(blockSize: Int = 128, damping: Double = 0.01) {
    precondition(
      blockSize > 0 && damping > 0,
      "SparseGPT: expected a block of 1 or more and a damping above 0, found \(blockSize) and \(damping)")
    self.blockSize = blockSize
    self.damping = damping
  }

  /// None: which entries go depends on the updates before.
  /// - Throws: ``RecipeError``.
  public func scores(of weight: WeightValues) throws -> [Double] {
    throw RecipeError(
      .contradiction, "rank '\(weight.weight.path)' by '\(name)'", expected: "a criterion that scores",
      found: "one that "
        + "updates weights", advice: "carry it out with Prune.apply or Prune.layerByLayer")
  }
}

extension Criterion where Self == SparseGPT {
  /// Layer-wise with an update, see ``SparseGPT``.
  public static var sparseGPT: SparseGPT { SparseGPT() }
}
