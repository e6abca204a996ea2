/// Decompresses DEFLATE data (RFC 1951). Time is linear in what comes out; input is treated as hostile.
struct Inflate {
  private let input: UnsafeRawBufferPointer
  private var reader: BitReader
  private var output: ByteSink

  /// Decompresses the stream that starts at the byte `offset` of `input` and appends it to `output`.
  /// - Returns: The offset of the first byte behind the stream.
  static func run(
    _ input: UnsafeRawBufferPointer, at offset: Int, into output: ByteSink
  ) throws(DamagedGzip) -> Int {
    var inflate = Inflate(input: input, reader: BitReader(input, at: offset), output: output)
    while try inflate.block() {}
    return inflate.reader.alignToByte()
  }

  /// Reads one block; tells whether another follows.
  private mutating func block() throws(DamagedGzip) -> Bool {
    let isLast = try reader.take(1) == 1
    switch try reader.take(2) {
    case 0: try stored()
    case 1: try compressed(literals: FixedCodes.literals.get(), distances: FixedCodes.distances.get())
    case 2:
      let (literals, distances) = try dynamicCodes()
      try compressed(literals: literals, distances: distances)
    default: throw .code("it has a block of unknown kind")
    }
    return !isLast
  }

  /// A block that is not compressed: its length, the length's complement, the bytes.
  private mutating func stored() throws(DamagedGzip) {
    let start = reader.alignToByte() + 4
    guard start <= input.count else { throw .truncated }
    let length = Int(input[start - 4]) | Int(input[start - 3]) << 8
    let complement = Int(input[start - 2]) | Int(input[start - 1]) << 8
    guard length ^ complement == 0xffff else { throw .code("the length of a stored block is damaged") }
    guard start + length <= input.count else { throw .truncated }
    try output.append(UnsafeRawBufferPointer(rebasing: input[start..<start + length]))
    reader.skip(to: start + length)
  }

  /// The two codes of a block that brings its own, themselves compressed by a third.
  private mutating func dynamicCodes() throws(DamagedGzip) -> (literals: HuffmanTable, distances: HuffmanTable) {
    let literalCount = try reader.take(5) + 257
    let distanceCount = try reader.take(5) + 1
    let lengthCount = try reader.take(4) + 4
    guard literalCount <= 286, distanceCount <= 30 else { throw .code("a block has too many codes") }
    var codeLengths = [UInt8](repeating: 0, count: 19)
    for index in 0..<lengthCount { codeLengths[Codes.lengthOrder[index]] = UInt8(try reader.take(3)) }
    let lengthCode = try HuffmanTable(lengths: codeLengths, name: "length")

    var lengths: [UInt8] = []
    lengths.reserveCapacity(320)
    while lengths.count < literalCount + distanceCount {
      reader.refill()
      let symbol = try lengthCode.symbol(from: &reader)
      let (value, times): (UInt8, Int)
      switch symbol {
      case 16:
        guard let last = lengths.last else { throw .code("it repeats a length before the first") }
        (value, times) = (last, try reader.take(2) + 3)
      case 17: (value, times) = (0, try reader.take(3) + 3)
      case 18: (value, times) = (0, try reader.take(7) + 11)
      default: (value, times) = (UInt8(symbol), 1)
      }
      guard lengths.count + times <= literalCount + distanceCount else { throw .code("a block has too many lengths") }
      for _ in 0..<times { lengths.append(value) }
    }
    guard lengths[256] > 0 else { throw .code("a block has no end") }
    return (
      try HuffmanTable(lengths: lengths[..<literalCount], name: "literal"),
      try HuffmanTable(lengths: lengths[literalCount...], name: "distance", mayBeIncomplete: true)
    )
  }

  /// The content of a compressed block: literal bytes, and pieces that repeat earlier output.
  private mutating func compressed(literals: HuffmanTable, distances: HuffmanTable) throws(DamagedGzip) {
    while true {
      reader.refill()  // 15 + 5 bits for a length, 15 + 13 for a distance: one refill is enough
      let symbol = try literals.symbol(from: &reader)
      if symbol < 256 {
        try output.append(UInt8(truncatingIfNeeded: symbol))
        continue
      }
      if symbol == 256 { return }
      guard symbol <= 285 else { throw .code("it uses a length that does not exist") }
      let length = try extended(Codes.lengths[symbol - 257])
      let distance = try distances.symbol(from: &reader)
      guard distance < 30 else { throw .code("it uses a distance that does not exist") }
      try output.repeatEarlier(distance: extended(Codes.distances[distance]), count: length)
    }
  }

  /// A base value and the extra bits that follow in the stream.
  @inline(__always)
  private mutating func extended(_ code: Codes.Range) throws(DamagedGzip) -> Int {
    let value = code.base + reader.peek(code.bits)
    try reader.drop(code.bits)
    return value
  }
}
