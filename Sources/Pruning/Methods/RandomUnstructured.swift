import Sparsity
import Torch

/// Prunes entries at random. Counterpart of `torch.nn.utils.prune.RandomUnstructured`; after the same `manualSeed` it
/// gives PyTorch's masks.
///
/// A number is drawn from [0, 1) for each entry that takes part, in the dtype of the scores (float32 for
/// whole numbers), and the largest draws go.
public struct RandomUnstructured: AmountMethod, EntryMethod {
  /// How many of the entries that take part are pruned.
  public let amount: Amount
  /// Single entries.
  public let pruningType = PruningType.unstructured

  /// The method.
  public init(amount: Amount) { self.amount = amount }

  /// The earlier mask with entries zeroed at random; entries that are 0 in it take part as well, as in PyTorch.
  public func computeMask(_ scores: Tensor, defaultMask: Tensor) throws -> Tensor {
    guard scores.isInMainMemory else {
      let k = try resolve(amount, of: scores.count)
      return try EngineSelection.zeroing(
        defaultMask, least: k, of: -scores.to(Self.dtype(of: [scores])).randLike(), nan: .refuse, context: description)
    }
    let survivors = try survivors(of: [scores.detach().contiguous()], kept: [nil])[0]
    return defaultMask * Tensor.make(survivors, shape: scores.shape, dtype: defaultMask.dtype)
  }

  func survivors(of scores: [Tensor], kept: [BitMask?]) throws -> [BitMask] {
    try survivors(of: scores, kept: kept, multiplying: scores.map { _ in nil }).masks
  }

  func survivors(of scores: [Tensor], kept: [BitMask?], multiplying weights: [Tensor?]) throws -> Survivors {
    let counts = zip(scores, kept).map { $1?.keptCount ?? $0.count }
    let k = try resolve(amount, of: counts.reduce(0, +))
    guard k > 0 else {
      return Survivors(masks: Identity().survivors(of: scores, kept: kept), products: weights.map { _ in nil })
    }
    // Draws for the entries that take part only, one sequence over all tensors, as PyTorch's rand_like on its slice.
    let dtype = Self.dtype(of: scores)
    var generator = Generator.default()
    let beginning = generator.state
    let draws = Draws(counts, type: dtype.elementType) {
      // In a generator of its own: other threads may have gone on with the default one.
      generator = Generator(seed: 0)
      generator.state = beginning
    } draw: {
      generator.draw(into: $0, dtype: dtype)
    }
    // Products are written beside the draws where these are as many as the weights.
    let weights = zip(weights, kept).map { weights, kept in kept == nil ? weights : nil }
    let compact = try select(k, of: draws, by: .largestValue, multiplying: weights)
    let masks = zip(compact.masks, kept).map { compact, kept in kept?.depositing(compact) ?? compact }
    return Survivors(masks: masks, products: compact.products)
  }

  /// The dtype in which numbers are drawn.
  private static func dtype(of scores: [Tensor]) -> DType {
    let promoted = DType.promoted(scores.map(\.dtype))
    return promoted.isFloatingPoint ? promoted : .float32
  }
}
