import Compaction

/// What has become of a module that was made smaller.
public struct ModuleCompaction: Hashable, Sendable {
  /// A number before and after.
  public struct Change: Hashable, Sendable {
    /// What it was.
    public var before: Int
    /// What it is.
    public var after: Int
  }

  /// Channels, heads or hidden units that hang together.
  public struct Group: Hashable, Sendable {
    /// The module that first puts them out, or the first weight.
    public var name: String
    /// How many there are.
    public var channels: Change
  }

  /// All groups, in the order of the forward pass; those too that have lost nothing.
  public var groups: [Group]
  /// Entries of the module's parameters, each once.
  public var parameters: Change
  /// Multiplications with their additions: for one sample, or for the example where its batch is fixed.
  public var macs: Change
  /// Layers whose outputs stay whole whatever is asked for, and why.
  public var leftWhole: [Compactor.LeftWhole]
  /// Paths of parameters that the forward pass in evaluation does not take; they are as they were.
  public var unseen: [String]
  /// The largest difference between the module and what it must equal, relative to the largest output, in the module's own
  /// precision.
  public var difference: Double
  /// The same in numbers of 64 bits.
  public var doubleDifference: Double
  /// What the module still has of the original's weights, for ``Recovery``.
  public var kept: KeptChannels
}
