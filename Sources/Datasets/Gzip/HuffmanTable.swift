/// A canonical Huffman code as a table that is looked up with the next bits of the input (RFC 1951, section 3.2.2).
struct HuffmanTable {
  /// The longest code that DEFLATE allows.
  static let longest = 15

  /// How many bits a look-up takes: the length of the longest code there is.
  let width: Int
  /// For each value of the next ``width`` bits: the symbol times 16 plus the length of its code; 0 where none fits.
  private let entries: [UInt16]

  /// The code whose symbol `i` has a code of `lengths[i]` bits, 0 for a symbol that does not occur.
  ///
  /// A code may be incomplete only where it has one symbol, of one bit, or none at all; zlib draws the same line.
  /// - Throws: ``DamagedGzip/code(_:)`` where lengths stand for no code, or for an incomplete one.
  init(lengths: some Collection<UInt8>, name: StaticString, mayBeIncomplete: Bool = false) throws(DamagedGzip) {
    var counts = [Int](repeating: 0, count: Self.longest + 1)
    for length in lengths { counts[Int(length)] += 1 }
    counts[0] = 0
    var left = 1  // codes of this length that are still free
    for length in 1...Self.longest {
      left = left * 2 - counts[length]
      guard left >= 0 else { throw .code("its \(name) code has too many symbols") }
    }
    let width = counts.lastIndex { $0 > 0 } ?? 1
    guard left == 0 || (mayBeIncomplete && width == 1) else { throw .code("its \(name) code is incomplete") }

    var starts = [Int](repeating: 0, count: Self.longest + 2)  // the first code of each length
    for length in 1...Self.longest { starts[length + 1] = (starts[length] + counts[length]) * 2 }
    var entries = [UInt16](repeating: 0, count: 1 << width)
    for (symbol, length) in lengths.enumerated() where length > 0 {
      let length = Int(length)
      let code = starts[length]
      starts[length] += 1
      var index = Self.reversed(code, bits: length)
      let entry = UInt16(symbol << 4 | length)
      while index < entries.count {
        entries[index] = entry
        index += 1 << length
      }
    }
    self.width = width
    self.entries = entries
  }

  /// Codes are packed highest bit first, the rest of the stream lowest bit first.
  private static func reversed(_ code: Int, bits: Int) -> Int {
    Int(UInt16(truncatingIfNeeded: code).bitReversed >> UInt16(16 - bits))
  }

  /// Reads one symbol. The caller has refilled `reader`, so that it holds ``longest`` bits or all that are left.
  @inline(__always)
  func symbol(from reader: inout BitReader) throws(DamagedGzip) -> Int {
    let entry = entries.withUnsafeBufferPointer { Int($0[reader.peek(width)]) }
    guard entry != 0 else { throw .code("it uses a code that is not assigned") }
    try reader.drop(entry & 15)
    return entry >> 4
  }
}

extension UInt16 {
  /// The same bits in the opposite order.
  fileprivate var bitReversed: UInt16 {
    var value = self
    value = (value & 0x5555) << 1 | (value >> 1) & 0x5555
    value = (value & 0x3333) << 2 | (value >> 2) & 0x3333
    value = (value & 0x0f0f) << 4 | (value >> 4) & 0x0f0f
    return value.byteSwapped
  }
}
