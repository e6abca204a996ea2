/// Units that are alike: the channels of one residual stage, the heads of one attention, the hidden units of one
/// recurrent layer. Each unit goes whole or stays whole, through every layer that it touches.
public struct UnitGroup: Hashable, Sendable {
  /// A part of a weight that has one index, or several, for each unit.
  public struct Member: Hashable, Sendable {
    /// The weight's name in the module.
    public var path: String
    /// The dimension.
    public var dimension: Int
    /// How many indices of it belong to one unit.
    public var width: Int
    /// Whether the layer puts the units out, and does not take them in.
    public var isOutput: Bool
    /// Whether it is a parameter, and no buffer.
    public var isParameter: Bool
  }

  /// What it is called: the module that first puts its units out, or the first weight.
  public var name: String
  /// The weights concerned, in the order of the graph.
  public var members: [Member]
  /// The numbers of the units in the model, in the order of their indices.
  public var units: [Int]

  /// Channels of the first member that one unit has.
  public var width: Int { (members.first(where: \.isOutput) ?? members.first)?.width ?? 1 }
}
