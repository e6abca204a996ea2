extension Compactor {
  /// Units that a layer puts out as constants and that stay nevertheless.
  public struct KeptDead: Hashable, Sendable, Codable {
    /// Their group.
    public var group: String
    /// How many.
    public var count: Int
    /// Why they stay, as a clause.
    public var reason: String
  }

  /// The units that can go by the zeros that the model has already, such as `bonsai prune --pattern structured` or PyTorch's
  /// `ln_structured` leave, so that it goes on computing what it computes.
  ///
  /// A unit goes where nothing takes it in with a weight, or where it is a constant, the shift of a batch norm or a bias,
  /// that can be added to the biases of the layers that take it in. It stays where that is not exact: at the zeros that
  /// a convolution adds at borders, in layers without a bias, in what it is normalised with.
  ///
  /// - Returns: The choice, whose compacted model equals the model as it is and not the masked one; and what is dead and stays.
  public func zeros() throws -> (choice: Choice, kept: [KeptDead]) {
    let zeros = try ZeroUnits(self)
    var choice = Choice(units: zeros.units)
    choice.folds = zeros.folds
    return (choice, zeros.kept)
  }
}
