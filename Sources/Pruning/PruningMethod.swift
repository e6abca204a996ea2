import Sparsity
import Torch

/// How much to prune: `0.3` is a fraction of the entries (or channels) still unpruned, `3` a number of them.
public typealias Amount = Sparsity.Amount

/// What to do with NaN among the scores: an error, unless PyTorch's ranking is asked for.
public typealias NaNRule = Sparsity.NaNRule

/// On what a method acts, which decides how its mask is combined with an earlier one. PyTorch's `PRUNING_TYPE`.
public enum PruningType: Sendable, Hashable {
  /// Single entries: the method sees those that are still kept, in one dimension.
  case unstructured
  /// Whole channels along `dim` (negative counts from the end): the method sees the channels of which anything is kept.
  case structured(dim: Int)
  /// Everything: the method sees the whole tensor and its whole mask.
  case global
}

/// A way to choose what is pruned. Counterpart of `torch.nn.utils.prune.BasePruningMethod`.
///
/// A method of one's own says on what it acts and computes a mask; splitting the parameter, combining with earlier
/// masks, history, rollback and removal are done by ``Prune/apply(_:to:name:importanceScores:)``:
///
/// ```swift
/// /// Prunes every other entry.
/// struct EveryOther: PruningMethod {
///   let pruningType = PruningType.unstructured
///   func computeMask(_ scores: Tensor, defaultMask: Tensor) -> Tensor {
///     let mask = defaultMask.clone()
///     mask.view(-1)[.slice(nil, nil, step: 2)].zero()
///     return mask
///   }
/// }
/// try Prune.apply(EveryOther(), to: model.fc3, name: "bias")
/// ```
public protocol PruningMethod: CustomStringConvertible {
  /// On what the method acts.
  var pruningType: PruningType { get }

  /// The mask for `scores`: 1 where an entry is kept, 0 where it is pruned.
  /// - Parameters:
  ///   - scores: How important the entries are; the tensor's own values unless the caller gave others. A part of the
  ///     tensor where an earlier mask stands, see ``PruningType``.
  ///   - defaultMask: The earlier mask of the same entries, all ones at first. Start from it.
  /// - Returns: A mask of the same shape.
  func computeMask(_ scores: Tensor, defaultMask: Tensor) throws -> Tensor
}

extension PruningMethod {
  /// The name of the method's type, as PyTorch names it.
  public var description: String { "\(Self.self)" }

  /// The tensor times the mask that the method computes for it, without a module: `BasePruningMethod.prune`.
  /// - Parameters:
  ///   - tensor: The tensor to prune; it is left as it is.
  ///   - defaultMask: An earlier mask of the same shape; all ones where there is none.
  ///   - importanceScores: What to rank instead of the tensor's values, of the same shape.
  public func prune(_ tensor: Tensor, defaultMask: Tensor? = nil, importanceScores: Tensor? = nil) throws -> Tensor {
    if let importanceScores, importanceScores.shape != tensor.shape {
      throw PruningError.shape(
        of: "the importance scores", expected: tensor.shape, found: importanceScores.shape, context: "\(self)")
    }
    let mask = try noGrad {
      try computeMask(importanceScores ?? tensor, defaultMask: defaultMask ?? tensor.onesLike())
    }
    return tensor * mask
  }
}
