/// Something that a check of a checkpoint has found: the file can be read, but what it holds does not fit together.
public struct VerificationFinding: Hashable, Sendable {
  /// The kind of a finding, for code that decides; people read the description.
  public enum Kind: String, Hashable, Sendable, Codable {
    /// NaN or infinite values.
    case nonFinite
    /// A truth value that is neither 0 nor 1.
    case strayBool
    /// A mask whose entries are not all 0 or 1.
    case strayMask
    /// A mask of another shape than its tensor, or of a type without numbers.
    case mismatchedMask
    /// `NAME_mask` without `NAME_orig`, or the other way round.
    case incompletePair
    /// `NAME` beside `NAME_orig` and `NAME_mask`, but not their product.
    case contradictedProduct
    /// A tensor of a shard that the index does not name.
    case unindexed
  }

  /// The kind of the finding.
  public let kind: Kind
  /// The tensor concerned.
  public let tensor: String
  /// What was found, as the rest of a sentence that begins with the tensor: "has 3 values that are NaN".
  public let fact: String
}

extension VerificationFinding: CustomStringConvertible {
  /// One sentence: the tensor and what was found.
  public var description: String { "\(CheckpointError.quote(tensor)) \(fact)" }
}
