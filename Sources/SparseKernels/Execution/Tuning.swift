/// How a product is cut into pieces that fit the caches. Results are the same to the last bit with any.
public struct Tuning: Sendable, Hashable, Codable {
  /// Bytes of inputs that a pass over a slab's entries uses at most; more are taken in several passes. 0 for one pass.
  public var chunkBytes: Int
  /// Rows whose sums are worked on together, a multiple of 8.
  public var slabRows: Int

  /// A tuning.
  public init(chunkBytes: Int, slabRows: Int) {
    precondition(Self.isValid(chunkBytes, slabRows), "Tuning: expected rows by eights, found \(slabRows)")
    (self.chunkBytes, self.slabRows) = (chunkBytes, slabRows)
  }

  /// A tuning of a file.
  ///
  /// - Throws: `DecodingError` for sizes that no product can be cut by.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let chunkBytes = try values.decode(Int.self, forKey: .chunkBytes)
    let slabRows = try values.decode(Int.self, forKey: .slabRows)
    guard Self.isValid(chunkBytes, slabRows) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "a tuning of \(chunkBytes) bytes and \(slabRows) rows; expected rows by eights"))
    }
    (self.chunkBytes, self.slabRows) = (chunkBytes, slabRows)
  }

  private static func isValid(_ chunkBytes: Int, _ slabRows: Int) -> Bool {
    chunkBytes >= 0 && slabRows > 0 && slabRows % 8 == 0
  }

  /// What serves a format as a rule: single entries load their inputs once for each multiplication, so that they must
  /// lie in the nearest cache; blocks use each input several times.
  public static func standard(for format: SparseFormat) -> Tuning {
    Tuning(chunkBytes: format.height == 1 ? 32 << 10 : 0, slabRows: 64)
  }
}
