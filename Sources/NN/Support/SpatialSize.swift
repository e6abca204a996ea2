/// A length for each spatial dimension, or one for all of them: what PyTorch takes as an int or a tuple.
///
/// ```swift
/// Conv2d(1, 6, kernelSize: 5)
/// Conv2d(1, 6, kernelSize: [3, 5], padding: [1, 2])
/// ```
public protocol SpatialSize {
  /// One length for each dimension, or a single one.
  var lengths: [Int] { get }
  /// The lengths as Python prints them: `5` or `(3, 5)`.
  var pythonText: String { get }
}

extension Int: SpatialSize {
  /// The one length for all dimensions.
  public var lengths: [Int] { [self] }
  /// The number itself.
  public var pythonText: String { "\(self)" }
}

extension Array: SpatialSize where Element == Int {
  /// The lengths.
  public var lengths: [Int] { self }
  /// The tuple.
  public var pythonText: String { Python.tuple(self) }
}

extension SpatialSize {
  /// A length for each of `rank` dimensions.
  /// - Precondition: one length, or `rank` of them, none below `least`.
  func expanded(to rank: Int, _ what: String, least: Int) -> [Int] {
    let lengths = self.lengths
    precondition(
      lengths.count == 1 || lengths.count == rank,
      "\(what): expected one length or \(rank), found \(lengths.count): \(lengths)")
    precondition(lengths.allSatisfy { $0 >= least }, "\(what): expected lengths of at least \(least), found \(lengths)")
    return lengths.count == rank ? lengths : Array(repeating: lengths[0], count: rank)
  }
}
