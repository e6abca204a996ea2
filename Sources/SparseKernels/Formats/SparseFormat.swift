/// How a sparse matrix is kept for multiplication.
public enum SparseFormat: String, Sendable, Hashable, CaseIterable, Codable {
  /// Compressed rows: the columns and values of single entries.
  case entries
  /// Compressed rows of blocks: four neighbouring outputs that share an input.
  case blocks4
  /// The same with eight outputs.
  case blocks8
  /// Single entries in the order in which rows of AVX-512 lanes take them; for products with single vectors.
  case lanes
  /// N:M, at most half of each 4, 8 or 16 neighbouring inputs of a row; for products with single vectors.
  case windows

  /// How many rows an index stands for.
  public var height: Int {
    switch self {
    case .entries, .lanes, .windows: 1
    case .blocks4: 4
    case .blocks8: 8
    }
  }
  /// Whether the format is laid out for products with single vectors, so that batches are taken vector by vector.
  public var isForSingleVectors: Bool { self == .lanes || self == .windows }
}
