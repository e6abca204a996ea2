/// How a model is looked at before anything is chosen.
public struct CompactionOptions: Codable, Hashable, Sendable {
  /// What attention loses: whole heads, or the same places of all heads.
  public var heads: HeadPolicy
  /// Whether layer and RMS norms let the vectors that they normalise shrink: exactly, by padding them with zeros to the old
  /// length first. Otherwise such vectors, among them the residual stream of transformers, stay whole.
  public var padsNorms: Bool
  /// Whether parameters and buffers that nothing uses are left out.
  public var dropsUnused: Bool
  /// Shapes of the model's inputs, by their names, by which MACs are counted where the file does not say them.
  public var inputShapes: [String: [Int]] = [:]

  /// The usual: whole heads, norms padded, unused parameters kept.
  public init(heads: HeadPolicy = .whole, padsNorms: Bool = true, dropsUnused: Bool = false) {
    (self.heads, self.padsNorms, self.dropsUnused) = (heads, padsNorms, dropsUnused)
  }
}
