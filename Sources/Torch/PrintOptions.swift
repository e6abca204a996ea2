/// How a tensor is written as text; what `torch.set_printoptions` sets, as a value.
public struct PrintOptions: Sendable, Hashable {
  /// Digits after the point.
  public var precision: Int
  /// The number of entries above which the middle of long dimensions is left out.
  public var threshold: Int
  /// Entries shown at the beginning and at the end of a dimension whose middle is left out; at least 1.
  public var edgeItems: Int
  /// Characters in a line.
  public var lineWidth: Int
  /// Whether numbers have an exponent; nil chooses by their range, as PyTorch does.
  public var scientific: Bool?

  /// PyTorch's defaults, with what differs from them.
  public init(
    precision: Int = 4, threshold: Int = 1000, edgeItems: Int = 3, lineWidth: Int = 80, scientific: Bool? = nil
  ) {
    precondition(precision >= 0 && threshold >= 0, "PrintOptions: precision and threshold must not be negative")
    precondition(edgeItems >= 1, "PrintOptions: edgeItems must be at least 1, found \(edgeItems)")
    self.precision = precision
    self.threshold = threshold
    self.edgeItems = edgeItems
    self.lineWidth = lineWidth
    self.scientific = scientific
  }

  /// As PyTorch prints: 4 digits, 1000 entries, 3 at each edge, lines of 80 characters.
  public static let `default` = PrintOptions()
  /// Two digits and two entries at each edge: the profile `short`.
  public static let short = PrintOptions(precision: 2, edgeItems: 2)
  /// Every entry: the profile `full`.
  public static let full = PrintOptions(threshold: .max)
}
