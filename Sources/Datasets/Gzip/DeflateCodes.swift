/// The constants of RFC 1951.
enum Codes {
  /// A range of lengths or distances: `base` and how many extra bits count up from it.
  struct Range {
    let base: Int
    let bits: Int
  }

  /// The order in which the lengths of the code of lengths are stored (section 3.2.7).
  static let lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

  /// Symbols 257 ... 285 as lengths (section 3.2.5). The last is 258 alone.
  static let lengths = ranges(from: 3, count: 28, sameBits: 4) + [Range(base: 258, bits: 0)]

  /// Symbols 0 ... 29 as distances (section 3.2.5).
  static let distances = ranges(from: 1, count: 30, sameBits: 2)

  /// Ranges that adjoin: two groups of `sameBits` without extra bits, and one bit more with every further group.
  private static func ranges(from start: Int, count: Int, sameBits: Int) -> [Range] {
    var base = start
    return (0..<count).map { index in
      let bits = max(0, index / sameBits - 1)
      defer { base += 1 << bits }
      return Range(base: base, bits: bits)
    }
  }
}

/// The codes of blocks that bring none (section 3.2.6).
enum FixedCodes {
  static let literals = Result { () throws(DamagedGzip) in
    let lengths = (0..<288).map { (symbol: Int) -> UInt8 in
      symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8
    }
    return try HuffmanTable(lengths: lengths, name: "literal")
  }
  /// Two of the 32 symbols do not exist; they are refused where they are used.
  static let distances = Result { () throws(DamagedGzip) in
    try HuffmanTable(lengths: [UInt8](repeating: 5, count: 32), name: "distance")
  }
}
