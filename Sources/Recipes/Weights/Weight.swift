import Sparsity

/// A tensor as recipes see it, whether it stands in a module, a file or a graph.
public struct Weight: Sendable, Hashable {
  /// Its name with those of the modules around it: `encoder.layers.0.linear1.weight`.
  public var path: String
  /// Its shape, row-major.
  public var shape: [Int]
  /// The type of its entries.
  public var type: ElementType
  /// What it is for.
  public var role: Role
  /// The type of the layer it belongs to, such as `Linear`; nil where nobody knows.
  public var layer: String?
  /// How its dimensions are ordered.
  public var layout = WeightLayout.outputsFirst
  /// Its other names, where the same memory stands at several places.
  public var aliases: [Alias] = []

  /// Another name of a weight, and what it is for at that place.
  public struct Alias: Sendable, Hashable {
    /// The name.
    public var path: String
    /// What the weight is for there.
    public var role: Role

    /// A name; its role is judged by path and shape unless it is given.
    public init(path: String, rank: Int, role: Role? = nil) {
      self.path = path
      self.role = role ?? Role(path: path, rank: rank)
    }
  }

  /// A weight; its role is judged by its path and shape unless it is given.
  public init(path: String, shape: [Int], type: ElementType, role: Role? = nil, layer: String? = nil) {
    self.path = path
    self.shape = shape
    self.type = type
    self.role = role ?? Role(path: path, rank: shape.count)
    self.layer = layer
  }

  /// The number of entries; 1 for a scalar.
  public var count: Int { shape.reduce(1, *) }
}
