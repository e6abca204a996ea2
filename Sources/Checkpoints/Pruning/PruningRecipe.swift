import Sparsity

/// What is to be pruned in a checkpoint, how, and how much.
///
/// ```swift
/// var recipe = PruningRecipe(.magnitude, .fraction(0.5))          // half of all weights, ranked together
/// recipe.scope = .perTensor                                       // half of each tensor
/// recipe.pattern = .structured(dim: 0)                            // whole rows of each
/// ```
///
/// Magnitude, random and given masks are what `torch.nn.utils.prune` offers, and give its results on the same tensors:
///
/// | PyTorch | criterion | pattern | scope |
/// |---|---|---|---|
/// | `l1_unstructured` | `.magnitude` | `.unstructured` | `.perTensor` |
/// | `global_unstructured(..., L1Unstructured)` | `.magnitude` | `.unstructured` | `.global` |
/// | `ln_structured(n, dim)` | `.norm(n)` | `.structured(dim)` | `.perTensor` |
/// | `random_unstructured` | `.random` | `.unstructured` | `.perTensor` |
/// | `global_unstructured(..., RandomUnstructured)` | `.random` | `.unstructured` | `.global` |
/// | `random_structured(dim)` | `.random` | `.structured(dim)` | `.perTensor` |
/// | `custom_from_mask` | `.masks` | any | any |
public struct PruningRecipe {
  /// What says how important an entry is.
  public enum Criterion {
    /// Its magnitude; channels and blocks are ranked by the sum of theirs.
    case magnitude
    /// The Ln norm of the channel or block to which it belongs: any real order, infinity or minus infinity.
    case norm(Double)
    /// PyTorch's random numbers for a seed.
    case random(seed: UInt64)
    /// Masks of 0 and 1 in another checkpoint: under `NAME_mask` where there are such names, otherwise under `NAME`.
    case masks(Checkpoint)
  }

  /// How much goes.
  public enum Extent: Hashable, Sendable {
    /// A share or a number of the entries, channels or blocks that are still unpruned.
    case amount(Amount)
    /// Whatever is smaller in magnitude, or in norm, than this.
    case below(Double)

    /// A share in 0...1.
    public static func fraction(_ fraction: Double) -> Extent { .amount(.fraction(fraction)) }
    /// A number of entries, channels or blocks.
    public static func count(_ count: Int) -> Extent { .amount(.count(count)) }
  }

  /// Over what an extent is meant.
  public enum Scope: String, Hashable, Sendable, CaseIterable {
    /// One ranking over all tensors; single entries only.
    case global
    /// A ranking in each tensor.
    case perTensor = "tensor"
    /// A ranking in each tensor, with shares by Erdős–Rényi-kernel that make up the share asked for.
    case erk
  }

  /// What ranks.
  public var criterion: Criterion
  /// How much goes; nil where criterion or pattern say it themselves, or where rules alone do.
  public var extent: Extent?
  /// On what structure.
  public var pattern: Pattern
  /// Over what.
  public var scope: Scope
  /// Which tensors.
  public var tensors = TensorChoice()
  /// What to do with NaN among the weights.
  public var nan = NaNRule.refuse

  /// A recipe for single entries of all weights together; change what is to be different.
  public init(
    _ criterion: Criterion, _ extent: Extent? = nil, pattern: Pattern = .unstructured, scope: Scope = .global
  ) {
    self.criterion = criterion
    self.extent = extent
    self.pattern = pattern
    self.scope = scope
  }
}

extension PruningRecipe {
  /// The order of the norm that ranks channels and blocks.
  var normOrder: Double { if case .norm(let order) = criterion { order } else { 1 } }

  /// Throws unless the parts go together.
  func validate(file: String) throws(CheckpointError) {
    func refuse(_ expected: String, _ found: String, _ advice: String) -> CheckpointError {
      CheckpointError(.invalidArgument, "prune", file: file, expected: expected, found: found, advice: advice)
    }
    let ruled = tensors.rules.rules.contains { if case .prune = $0.action { true } else { false } }
    if case .masks = criterion {
      guard extent == nil, !ruled else {
        throw refuse("no amount beside masks", "one", "leave it out: the masks say what goes")
      }
      return
    }
    if pattern.fixesAmount {
      guard extent == nil, !ruled else {
        throw refuse("no amount beside \(pattern)", "one", "leave it out: the pattern says how much goes")
      }
    } else {
      guard extent != nil || ruled else {
        throw refuse("an amount", "none", "say how much goes, for example a share of 0.5")
      }
    }
    switch (criterion, pattern) {
    case (.norm(let order), .structured), (.norm(let order), .block):
      guard !order.isNaN else { throw refuse("a norm of a real order", "nan", "choose 1, 2, inf or another number") }
    case (.norm, _):
      throw refuse("channels or blocks to take norms of", "\(pattern)", "rank single entries by their magnitude")
    case (.random, .nOfM), (.random, .block):
      throw refuse("single entries or channels for random pruning", "\(pattern)", "choose one of those patterns")
    default: break
    }
    if scope != .perTensor, pattern != .unstructured, !pattern.fixesAmount, scope == .global {
      throw refuse(
        "single entries for one ranking over all tensors", "\(pattern)", "rank the units of each tensor for themselves")
    }
    for extent in [extent].compactMap({ $0 }) + tensors.rules.extents {
      switch extent {
      case .amount(let amount):
        do throws(AmountError) { try amount.validated() } catch {
          throw refuse(
            "a share in 0...1 or a number of 0 or more", "\(amount)", "give 0.5 for half, 5 for five entries")
        }
        if scope == .erk {
          guard case .fraction = amount else {
            throw refuse("a share to divide by ERK", "\(amount)", "give a share such as 0.9")
          }
        }
      case .below(let threshold):
        guard threshold >= 0 else {
          throw refuse("a threshold of 0 or more", "\(threshold)", "give the smallest magnitude that stays")
        }
        if case .random = criterion {
          throw refuse("a share or a number for random pruning", "a threshold", "give an amount")
        }
        guard scope != .erk else { throw refuse("a share to divide by ERK", "a threshold", "give a share such as 0.9") }
      }
    }
    guard scope != .erk || !ruled else {
      throw refuse(
        "rules that exclude only beside ERK", "one with an amount",
        "leave amounts out of the rules, or choose another scope")
    }
  }
}
