/// What a recipe has done to weights, or would do.
public struct PruningReport: Codable, Hashable, Sendable {
  /// One weight.
  public struct Tensor: Codable, Hashable, Sendable {
    /// Its name; where it has several, the first.
    public var name: String
    /// Its shape.
    public var shape: [Int]
    /// Its entries.
    public var entries: Int
    /// The entries that a mask pruned before.
    public var prunedBefore: Int
    /// The entries that are pruned now.
    public var pruned: Int
    /// Of those, the entries that were 0 before, under a mask or of their own.
    public var alreadyZero: Int

    /// A weight.
    public init(
      name: String, shape: [Int], entries: Int, prunedBefore: Int = 0, pruned: Int = 0, alreadyZero: Int = 0
    ) {
      (self.name, self.shape, self.entries) = (name, shape, entries)
      (self.prunedBefore, self.pruned, self.alreadyZero) = (prunedBefore, pruned, alreadyZero)
    }

    /// The share of its entries that are pruned now; 0 for an empty tensor.
    public var sparsity: Double { entries == 0 ? 0 : Double(pruned) / Double(entries) }
  }

  /// A weight that would have been pruned if the pattern had fitted it.
  public struct LeftWhole: Codable, Hashable, Sendable {
    /// Its name.
    public var name: String
    /// Why it stays whole, as a clause.
    public var reason: String

    /// A weight and its reason.
    public init(name: String, reason: String) { (self.name, self.reason) = (name, reason) }
  }

  /// The weights that were pruned, in order.
  public var tensors: [Tensor]
  /// The weights that stay whole because the pattern does not fit them.
  public var leftWhole: [LeftWhole]

  /// A report on weights that were pruned.
  public init(_ tensors: [Tensor], leftWhole: [LeftWhole] = []) {
    (self.tensors, self.leftWhole) = (tensors, leftWhole)
  }

  /// The entries of the pruned weights together.
  public var entries: Int { tensors.reduce(0) { $0 + $1.entries } }
  /// The pruned entries together.
  public var pruned: Int { tensors.reduce(0) { $0 + $1.pruned } }
  /// The pruned entries that were not 0 before.
  public var newlyPruned: Int { tensors.reduce(0) { $0 + $1.pruned - $1.alreadyZero } }
  /// The share of the weights' entries that are pruned now.
  public var sparsity: Double { entries == 0 ? 0 : Double(pruned) / Double(entries) }
  /// The names of weights of which something was left before, and nothing is now.
  public var emptied: [String] {
    tensors.filter { $0.entries > 0 && $0.pruned == $0.entries && $0.prunedBefore < $0.entries }.map(\.name)
  }
}

extension PruningPlan {
  /// The weights that stay whole, with their names.
  public var leftWholeReport: [PruningReport.LeftWhole] {
    leftWhole.map { PruningReport.LeftWhole(name: weights[$0.weight].path, reason: $0.reason) }
  }
}
