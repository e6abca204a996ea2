/// How a tensor of one checkpoint differs from that of the same name in another.
public struct TensorDifference: Hashable, Sendable {
  /// The name; with `module.` in front where both files have it so.
  public let name: String
  /// Type and shape in the first file; nil where it is not there.
  public let left: TensorSpec?
  /// Type and shape in the second file; nil where it is not there.
  public let right: TensorSpec?

  /// The elements that were compared: none where shapes differ or one side is missing.
  public internal(set) var comparedCount = 0
  /// Those whose values differ. 0.0 and -0.0 are the same value, and so are two NaNs.
  public internal(set) var differingCount = 0
  /// Whether all bytes are the same, signs of zeros too; false where types differ.
  public internal(set) var hasSameBytes = true
  /// The largest magnitude of a difference; nil where none is a number, or the type has no numbers here.
  public internal(set) var largestDifference: Double?
  /// The zeros in the first file.
  public internal(set) var leftZeroCount = 0
  /// The zeros in the second file.
  public internal(set) var rightZeroCount = 0
  /// Elements that are zero in the second file only.
  public internal(set) var newZeroCount = 0
  /// Elements that are zero in the first file only.
  public internal(set) var lostZeroCount = 0

  /// The magnitudes of the differences, added up.
  var sum = 0.0

  init(name: String, left: TensorSpec?, right: TensorSpec?) {
    self.name = name
    self.left = left
    self.right = right
  }

  /// Whether both files have the tensor, with the same type, shape and values.
  public var isEqual: Bool {
    guard let left, let right else { return false }
    return left.type == right.type && left.shape == right.shape && differingCount == 0
  }

  /// The mean magnitude of the differences over all elements; nil where there are no elements, or one is no number.
  public var meanDifference: Double? {
    let mean = sum / Double(comparedCount)
    return mean.isFinite ? mean : nil
  }
}
