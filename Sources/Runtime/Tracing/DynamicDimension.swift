/// A dimension of a traced module's inputs that may have any size: the batch, the length of a sequence.
public struct DynamicDimension: Hashable, Sendable {
  /// What messages call it.
  public var name: String
  /// Which dimension of the inputs it is.
  public var axis: Int
  /// The names of the inputs that have it; nil for all that have so many dimensions.
  public var inputs: [String]?
  /// The smallest size.
  public var minimum: Int
  /// The largest size; nil for no bound.
  public var maximum: Int?

  /// A dimension, by default of all inputs.
  public init(_ name: String, axis: Int, of inputs: [String]? = nil, from minimum: Int = 1, to maximum: Int? = nil) {
    precondition(
      axis >= 0 && minimum >= 0 && maximum ?? minimum >= minimum, "DynamicDimension: axis \(axis), \(minimum)...")
    (self.name, self.axis, self.inputs) = (name, axis, inputs)
    (self.minimum, self.maximum) = (minimum, maximum)
  }

  /// The first dimension of all inputs, from 1 on.
  public static let batch = DynamicDimension("batch", axis: 0)

  /// Up to three sizes at which the module is run, small ones for a batch; the first is the hint in the graph.
  ///
  /// One lies farther off, so that halves of a size do not pass for constants. Sizes of 1 are left out: operators treat
  /// them in ways of their own.
  func samples(near size: Int) -> [Int] {
    let far = min(2 * size, maximum ?? .max)
    let wanted = axis == 0 ? [3, 5, 8, 2] : [size, size - 1, far > size ? far : size / 2, size - 2, size + 1]
    var sizes: [Int] = []
    for candidate in wanted + Array(minimum...minimum + 4)
    where candidate >= max(minimum, 2) && candidate <= maximum ?? .max && !sizes.contains(candidate) {
      sizes.append(candidate)
    }
    return Array(sizes.prefix(3))
  }
}
