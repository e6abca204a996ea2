import NN
import Sparsity
import Torch

/// On what structure of a tensor a method acts: single entries, channels, `.nOfM(2, 4)`, `.block(rows: 4, columns: 4)`.
public typealias Pattern = Sparsity.Pattern

/// Prunes the units of a pattern of smallest magnitude: N:M sparsity, blocks, channels, entries.
///
/// `.nOfM(2, 4)` keeps the 2 largest of every 4 consecutive entries along the last dimension, the pattern that sparse
/// tensor cores multiply faster (Mishra et al. 2021, "Accelerating Sparse Deep Neural Networks"). Entries that are
/// pruned already count as pruned, channels and blocks are ranked by a norm, and of equal units the first goes.
public struct MagnitudePattern: EntryMethod {
  /// The pattern.
  public let pattern: Pattern
  /// How many of the units that take part go; nil for `nOfM`, which says it itself.
  public let amount: Amount?
  /// The norm that ranks channels and blocks; single entries are ranked by their magnitude.
  public let n: Norm
  /// What to do with NaN among the scores.
  public let nan: NaNRule
  /// The whole tensor: the pattern needs its shape.
  public let pruningType = PruningType.global

  /// The method.
  /// - Parameters:
  ///   - pattern: Which entries are pruned together.
  ///   - amount: How much of what is still unpruned is pruned.
  ///   - n: Any norm but the nuclear one.
  ///   - nan: What to do with NaN among the scores.
  public init(_ pattern: Pattern, amount: Amount? = nil, n: Norm = 2, nan: NaNRule = .refuse) {
    self.pattern = pattern
    self.amount = amount
    self.n = n
    self.nan = nan
  }

  /// The earlier mask with the units of smallest magnitude zeroed.
  public func computeMask(_ scores: Tensor, defaultMask: Tensor) throws -> Tensor {
    let plain = scores.detach().to(.cpu).contiguous()
    let kept = defaultMask.to(.cpu).bits(keeping: .equalsOne)
    let survivors = try survivors(of: [plain], kept: [kept])[0].union(kept.complement)
    return defaultMask * Tensor.make(survivors, shape: scores.shape, dtype: defaultMask.dtype).to(defaultMask.device)
  }

  func survivors(of scores: [Tensor], kept: [BitMask?]) throws -> [BitMask] {
    guard let order = n.order else {
      throw PruningError.norm("\(n)", reason: "patterns are ranked by p-norms, such as 1 or 2", context: description)
    }
    return try zip(scores, kept).map { tensor, kept in
      do throws(PatternError) {
        return try tensor.withUnsafeBytes { bytes throws(PatternError) in
          let block = Scores(bytes: bytes, type: tensor.dtype.elementType, kept: kept)
          return try pattern.mask(pruning: amount, of: block, shape: tensor.shape, norm: order, nan: nan)
        }
      } catch { throw PruningError.pattern(error, context: description) }
    }
  }
}

extension Prune {
  /// Prunes by a pattern the units of smallest magnitude: `.nOfM(2, 4)`, `.block(rows: 4, columns: 4)`.
  /// - Parameters:
  ///   - module: The module that has the parameter.
  ///   - name: The parameter's name.
  ///   - pattern: Which entries are pruned together.
  ///   - amount: How many of the blocks or channels go; none for `nOfM`.
  ///   - n: The norm that ranks blocks and channels, any but the nuclear one.
  ///   - importanceScores: What to rank instead of the parameter's own values, of its shape.
  ///   - nan: What to do with NaN among the scores.
  /// - Returns: The module.
  /// - Throws: ``PruningError``; the module is then as it was.
  @discardableResult
  public static func magnitudePattern<M: Module>(
    _ module: M, name: String, pattern: Pattern, amount: Amount? = nil, n: Norm = 2, importanceScores: Tensor? = nil,
    nan: NaNRule = .refuse
  ) throws -> M {
    try apply(
      MagnitudePattern(pattern, amount: amount, n: n, nan: nan), to: module, name: name,
      importanceScores: importanceScores)
  }
}
