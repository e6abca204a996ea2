/// How a product is cut into pieces that fit the caches. Results are the same to the last bit with any.
public struct Tuning: Sendable, Hashable, Codable {
  /// Bytes of inputs that a pass over a slab's entries uses at most; more are taken in several passes. 0 for one pass.
  public var chunkBytes: Int
  /// Rows whose sums are worked on together, a multiple of 8.
  public var slabRows: Int

  /// A tuning.
  public init(chunkBytes: Int, slabRows: Int) {
    precondition(slabRows > 0 && slabRows % 8 == 0, "Tuning: expected rows by eights, found \(slabRows)")
    (self.chunkBytes, self.slabRows) = (chunkBytes, slabRows)
  }

  /// What serves a format as a rule: single entries load their inputs once for each multiplication, so that they must
  /// lie in the nearest cache; blocks use each input several times.
  public static func standard(for format: SparseFormat) -> Tuning {
    Tuning(chunkBytes: format.height == 1 ? 32 << 10 : 0, slabRows: 64)
  }
}
