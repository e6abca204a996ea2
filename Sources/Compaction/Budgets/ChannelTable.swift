/// What single groups of channels cost and spoil: each cut alone, in several steps, all others being whole.
public struct ChannelTable: Codable, Hashable, Sendable {
  /// A group with so many units gone.
  public struct Option: Codable, Hashable, Sendable {
    /// How many units are gone.
    public var removed: Int
    /// What parts of the model cost then, as shares of what they cost whole, by their places in ``ChannelTable/parts``;
    /// parts that are not in it cost what they did.
    public var shares: [Int: Double]
    /// The relative error of the outputs on calibration inputs.
    public var error: Double
    /// The share of calibration inputs whose top class is another one; nil for a model without classes.
    public var change: Double?

    /// An option.
    public init(removed: Int, shares: [Int: Double], error: Double, change: Double?) {
      (self.removed, self.shares, self.error, self.change) = (removed, shares, error, change)
    }
  }

  /// A group.
  public struct Group: Codable, Hashable, Sendable {
    /// Its name.
    public var name: String
    /// How many units it has.
    public var units: Int
    /// How many units may go, in rising order.
    public var steps: [Int]
    /// What was measured, in rising order, for the first and the last step and some between.
    public var options: [Option]

    /// A group.
    public init(name: String, units: Int, steps: [Int], options: [Option]) {
      (self.name, self.units, self.steps, self.options) = (name, units, steps, options)
    }
  }

  /// What costs are counted in: `ms`, `macs`, `parameters`, `bytes`.
  public var unit: String
  /// What each part of the whole model costs: steps in milliseconds or MACs, weights in entries or bytes.
  public var parts: [Double]
  /// The groups, in the order of the model.
  public var groups: [Group]

  /// A table.
  public init(unit: String, parts: [Double], groups: [Group]) {
    (self.unit, self.parts, self.groups) = (unit, parts, groups)
  }

  /// What the whole model costs.
  public var cost: Double { parts.reduce(0, +) }

  /// What the model costs with one group alone cut so far.
  public func cost(_ option: Option) -> Double {
    option.shares.reduce(cost) { $0 + parts[$1.key] * ($1.value - 1) }
  }
}

extension UnitRanking.Group {
  /// The steps at which a group is measured: the first, the last, and some evenly between.
  public func probes(_ most: Int = 8) -> [Int] {
    guard steps.count > most + 1 else { return steps }
    return (0...most).map { steps[$0 * (steps.count - 1) / most] }
  }

  /// The steps that a search looks at: all, or so many of them evenly, the probes among them.
  public func considered(_ most: Int = 96) -> [Int] {
    guard steps.count > most else { return steps }
    return Set((0..<most).map { steps[$0 * (steps.count - 1) / (most - 1)] } + probes()).sorted()
  }
}
